//! The raw ceiling: what a server and a socket can do at the most with the commands that the driver really sends.
//!
//! `npm run bench` records those commands on the wire (`bench/raw/`) and has this program send them again and again,
//! a fixed number of operations outstanding, cut into as many batches as asked for. No client library, no encoding, no
//! decoding beyond finding where each reply ends.
//!
//! ```text
//! raw-ceiling ADDRESS RECORDING OUTSTANDING BATCHES WARM_UP_SECONDS SECONDS
//! ```
//!
//! Prints one line of JSON: operations, seconds, percentiles of a batch's round trip in microseconds, and the CPU time
//! of this process in microseconds.

mod blast;
mod latencies;
mod recording;
mod replies;

use std::error::Error;
use std::io::Write;
use std::time::Duration;
use std::{env, fs, io};

use blast::{Load, Pace};
use recording::Recording;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, file, outstanding, batches, warm_up, seconds] = arguments.as_slice() else {
        return Err("usage: raw-ceiling ADDRESS RECORDING OUTSTANDING BATCHES WARM_UP_SECONDS SECONDS".into());
    };
    let recording = Recording::read(&fs::read(file)?).ok_or("the recording is cut off")?;
    let load = Load { outstanding: outstanding.parse()?, batches: batches.parse()? };
    let pace = Pace { warm_up: duration(warm_up)?, window: duration(seconds)? };
    let measured = blast::run(address, &recording, load, pace)?;
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|fraction| measured.round_trips.percentile(fraction));
    writeln!(
        io::stdout(),
        r#"{{"operations":{},"seconds":{},"p50Micros":{p50},"p99Micros":{p99},"p999Micros":{p999},"cpuMicros":{}}}"#,
        measured.operations,
        measured.elapsed.as_secs_f64(),
        measured.cpu.as_micros(),
    )?;
    Ok(())
}

fn duration(seconds: &str) -> Result<Duration, Box<dyn Error>> {
    Ok(Duration::try_from_secs_f64(seconds.parse()?)?)
}
