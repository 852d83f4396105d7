//! Runs a test server until standard input ends; says its address and folder in one line. For what can be tested only
//! from outside of the process that holds the server.

use std::error::Error;
use std::io::{self, Read, Write};

use indelible_testkit::TestServer;

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(server) = TestServer::options().start_or_skip()? {
        writeln!(io::stdout(), "{} {}", server.address(), server.dir().display())?;
        io::stdin().read_to_end(&mut Vec::new())?;
    }
    Ok(())
}
