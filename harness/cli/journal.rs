//! Writing the journal of running mocks: a line of JSON for each exchange, on a thread of its own.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::run::mask::Mask;
use ringback_mocks::journal::{Exchange, Journal};
use ringback_mocks::record;
use tokio::sync::oneshot;

use super::secrets;

/// Exchanges that wait to be written; beyond that, whoever records waits for the disk, so that none
/// is lost and memory stays bounded.
const WAITING_MAX: usize = 4_096;
/// How long a line may stay in our buffer.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// Begins to write everything the journal records to `path`, `-` being stdout. What it returns speaks
/// up when writing has failed.
///
/// # Errors
/// When the file cannot be made.
pub(super) fn write(journal: &Journal, path: &Path) -> io::Result<oneshot::Receiver<io::Error>> {
    let sink: Box<dyn Write + Send> =
        if path == Path::new("-") { Box::new(io::stdout()) } else { Box::new(File::create(path)?) };
    let (sender, lines) = sync_channel::<Arc<Exchange>>(WAITING_MAX);
    let (failed, failure) = oneshot::channel();
    let mask = secrets::mask(&[]);
    std::thread::spawn(move || {
        if let Err(error) = drain(&lines, BufWriter::new(sink), &mask) {
            let _ = failed.send(error);
        }
    });
    observe(journal, sender);
    Ok(failure)
}

fn observe(journal: &Journal, sender: SyncSender<Arc<Exchange>>) {
    journal.observe(move |exchange| {
        // Fails only after writing has failed, which has been told.
        let _ = sender.send(Arc::clone(exchange));
    });
}

fn drain(lines: &Receiver<Arc<Exchange>>, mut sink: impl Write, mask: &Mask) -> io::Result<()> {
    loop {
        match lines.recv_timeout(FLUSH_AFTER) {
            Ok(exchange) => {
                let mut line = record::json(&exchange);
                secrets::hide(&mut line, mask);
                writeln!(sink, "{line}")?;
            }
            Err(RecvTimeoutError::Timeout) => sink.flush()?,
            Err(RecvTimeoutError::Disconnected) => return sink.flush(),
        }
    }
}
