//! Log lines on their way out: taken by a thread of their own, which writes many at once.
//!
//! A line for each decision, written where the decision is made, costs as much as the decision, and whoever reads the log slowly would hold up every
//! answer. So lines wait here for a moment; where the reader falls behind by megabytes, lines are left out and counted.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long the first line waits for others.
const WAIT: Duration = Duration::from_millis(20);
/// Bytes that do not wait any longer.
const ENOUGH: usize = 64 << 10;
/// Bytes that wait at most.
const MOST: usize = 4 << 20;

/// Takes lines; each call of `write` is one.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

/// Writes lines until it is dropped, and then what is left.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// That the first line waits, that there are enough, or that there will be no more.
    news: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    /// Lines that were left out.
    lost: u64,
    over: bool,
}

impl Writer {
    /// Writes to the stream. `lost` is told of lines that were left out, and may log that.
    ///
    /// # Errors
    /// Where there can be no thread.
    pub(super) fn start(
        stream: impl Write + Send + 'static,
        lost: impl Fn(u64) + Send + 'static,
    ) -> io::Result<(Lines, Self)> {
        let shared = Arc::new(Shared::default());
        let writing = Arc::clone(&shared);
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || writing.write(stream, lost))?;
        Ok((Lines(Arc::clone(&shared)), Self { shared, thread: Some(thread) }))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.news.notify_all();
        if let Some(thread) = self.thread.take() {
            // It never panics, and there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        let before = waiting.text.len();
        if before + line.len() > MOST {
            waiting.lost += 1;
        } else {
            waiting.text.extend_from_slice(line);
        }
        let is_news = before == 0 || (before < ENOUGH && waiting.text.len() >= ENOUGH);
        drop(waiting);
        if is_news {
            self.0.news.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut stream: impl Write, lost: impl Fn(u64)) {
        let mut text = Vec::new();
        loop {
            let nothing = |waiting: &mut Waiting| waiting.text.is_empty() && !waiting.over;
            let few = |waiting: &mut Waiting| waiting.text.len() < ENOUGH && !waiting.over;
            let waiting = self.news.wait_while(self.lock(), nothing).unwrap_or_else(PoisonError::into_inner);
            let waited = self.news.wait_timeout_while(waiting, WAIT, few);
            let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut waiting.text, &mut text);
            let (lines_lost, is_over) = (std::mem::take(&mut waiting.lost), waiting.over);
            drop(waiting);
            // Who reads no more cannot be told so either.
            let _ = stream.write_all(&text).and_then(|()| stream.flush());
            text.clear();
            text.shrink_to(ENOUGH);
            if lines_lost > 0 {
                lost(lines_lost);
            }
            if is_over && self.lock().text.is_empty() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A stream whose reader takes a piece at a time, when it likes.
    struct Slow(Sender<Vec<u8>>, Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            // The test is over where nobody reads.
            let _ = self.0.send(piece.to_vec());
            let _ = self.1.recv();
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Slow, Receiver<Vec<u8>>, Sender<()>) {
        let ((written, pieces), (reader, read)) = (channel(), channel());
        (Slow(written, read), pieces, reader)
    }

    #[test]
    fn what_waits_is_written_at_the_end() {
        let (stream, pieces, reader) = slow();
        let (mut lines, writer) = Writer::start(stream, |lost| panic!("{lost} lines were lost")).unwrap();
        drop(reader);
        for number in 0..1_000 {
            writeln!(lines, "line {number}").unwrap();
        }
        drop(writer);
        let text: Vec<u8> = pieces.try_iter().flatten().collect();
        let expected: Vec<_> = (0..1_000).map(|number| format!("line {number}\n")).collect();
        assert_eq!(String::from_utf8(text).unwrap(), expected.concat());
    }

    #[test]
    fn a_line_is_written_without_another_one() {
        let (stream, pieces, reader) = slow();
        drop(reader);
        let (mut lines, _writer) = Writer::start(stream, |lost| panic!("{lost} lines were lost")).unwrap();
        lines.write_all(b"alone\n").unwrap();
        assert_eq!(pieces.recv().unwrap(), b"alone\n");
    }

    #[test]
    fn a_reader_that_stands_still_holds_up_nobody_and_lost_lines_are_counted() {
        let (stream, pieces, reader) = slow();
        let (told, lost) = channel();
        let (mut lines, writer) = Writer::start(stream, move |lines| told.send(lines).unwrap()).unwrap();
        lines.write_all(b"first\n").unwrap();
        assert_eq!(pieces.recv().unwrap(), b"first\n");
        let line = [b'x'; 1 << 10];
        let most = u64::try_from(MOST / line.len()).unwrap();
        for _ in 0..most + 3 {
            lines.write_all(&line).unwrap();
        }
        drop(reader);
        drop(writer);
        assert_eq!(lost.recv().unwrap(), 3);
        assert_eq!(pieces.try_iter().flatten().count(), MOST);
    }
}
