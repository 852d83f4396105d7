//! Prints the JSON Schemas of the configurations, that of the label store and that of the storage driver;
//! `scripts/generate.mjs` makes the published schemas, the TypeScript types and the documentation tables of them.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let schemas =
        [schemars::schema_for!(indelible_valkey::RawConfig), schemars::schema_for!(indelible_valkey::RawStorageConfig)];
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &schemas)?;
    writeln!(out)
}
