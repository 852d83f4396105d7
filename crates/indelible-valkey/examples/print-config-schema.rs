//! Prints the JSON Schema of the configuration; `scripts/generate.mjs` makes the published schema, the TypeScript
//! types and the documentation table of it.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let schema = schemars::schema_for!(indelible_valkey::RawConfig);
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &schema)?;
    writeln!(out)
}
