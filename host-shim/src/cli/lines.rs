//! One document a line in, one verdict a line out, in the same order: on all cores, in bounded memory.
//!
//! A reader splits the input, workers judge, and the caller's thread writes. For each line the reader puts the place where its verdict will arrive into a queue
//! of bounded length; the writer takes these places in order. So order costs nothing, and a slow line holds up no more than the queue.

use std::{
    io::{self, BufRead, Read as _, Write},
    num::NonZero,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel},
    },
    thread,
};

/// Lines between the reader and the writer, for each worker: enough that no worker waits while one line takes long.
const LINES_AHEAD: usize = 64;

/// What judges a line. It has an answer for any bytes.
pub(super) type Judge = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// Bounds on what is held in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes of a line that are kept. The judge gets one byte more of a longer line, so that it sees that the line is too long; the rest is skipped.
    pub(super) line: usize,
    /// Bytes of all lines that are being judged; a single line may be larger.
    pub(super) ahead: usize,
}

struct Job {
    line: Vec<u8>,
    verdict: Sender<Vec<u8>>,
}

/// What ended the work before the input did.
#[derive(Debug)]
pub(super) enum Ended {
    /// The system gives us no threads.
    Start(io::Error),
    /// The input cannot be read on.
    Input(io::Error),
    /// The output cannot be written, or nobody reads it any more.
    Output(io::Error),
    /// A worker ended without an answer; a defect.
    Unjudged,
}

/// Judges every line of the input until its end or until the output fails.
pub(super) fn judge_lines(
    input: impl BufRead + Send + 'static,
    mut output: impl Write,
    bounds: Bounds,
    judge: &Judge,
) -> Result<(), Ended> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let (places, in_order) = sync_channel(LINES_AHEAD * workers);
    let (jobs, queue) = channel();
    let (queue, room) = (Arc::new(Mutex::new(queue)), Arc::new(Room::new(bounds.ahead)));
    // The threads are not joined: when the output fails, the reader may wait for input that never comes.
    for _ in 0..workers {
        let (queue, room, judge) = (Arc::clone(&queue), Arc::clone(&room), Arc::clone(judge));
        thread::Builder::new().spawn(move || work(&queue, &room, &judge)).map_err(Ended::Start)?;
    }
    thread::Builder::new().spawn(move || read(input, bounds, &room, &places, &jobs)).map_err(Ended::Start)?;
    write(&in_order, &mut output)
}

type Place = io::Result<Receiver<Vec<u8>>>;

/// Ends with the input, or when the writer or the workers are gone.
fn read(mut input: impl BufRead, bounds: Bounds, room: &Room, places: &SyncSender<Place>, jobs: &Sender<Job>) {
    loop {
        let line = match next_line(&mut input, bounds.line) {
            Ok(Some(line)) => line,
            Ok(None) => return,
            Err(error) => {
                // Where the writer is gone, nobody is left to tell.
                let _ = places.send(Err(error));
                return;
            }
        };
        room.take(line.len());
        let (verdict, place) = channel();
        if places.send(Ok(place)).is_err() || jobs.send(Job { line, verdict }).is_err() {
            return;
        }
    }
}

/// The next line without its line feed; at most one byte more than `longest` of it. The last line may lack the line feed.
fn next_line(input: &mut impl BufRead, longest: usize) -> io::Result<Option<Vec<u8>>> {
    let kept = longest.saturating_add(1);
    let mut line = Vec::new();
    if input.by_ref().take(kept as u64).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() == kept {
        input.skip_until(b'\n')?;
    }
    Ok(Some(line))
}

fn work(queue: &Mutex<Receiver<Job>>, room: &Room, judge: &Judge) {
    loop {
        // The lock is held while waiting: one worker waits for the queue, the others for the lock.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { line, verdict }) = next else { return };
        let answer = judge(&line);
        room.give_back(line.len());
        drop(line);
        // Where the writer is gone, the process is about to end.
        let _ = verdict.send(answer);
    }
}

/// Writes the verdicts in order. Before it waits for one, what is written goes out: someone may wait for it to send the next line.
fn write(in_order: &Receiver<Place>, output: &mut impl Write) -> Result<(), Ended> {
    loop {
        let next = match in_order.try_recv() {
            Err(TryRecvError::Empty) => {
                output.flush().map_err(Ended::Output)?;
                in_order.recv().ok()
            }
            next => next.ok(),
        };
        let Some(place) = next else { return output.flush().map_err(Ended::Output) };
        let place = place.map_err(Ended::Input)?;
        let verdict = if let Ok(verdict) = place.try_recv() {
            verdict
        } else {
            output.flush().map_err(Ended::Output)?;
            place.recv().map_err(|_| Ended::Unjudged)?
        };
        output.write_all(&verdict).and_then(|()| output.write_all(b"\n")).map_err(Ended::Output)?;
    }
}

/// Room for the bytes of lines that are being judged.
struct Room {
    size: usize,
    used: Mutex<usize>,
    freed: Condvar,
}

impl Room {
    fn new(size: usize) -> Self {
        Self { size, used: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits until that many bytes fit, or until nothing else is in.
    fn take(&self, bytes: usize) {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut used = self
            .freed
            .wait_while(used, |used| *used > 0 && used.saturating_add(bytes) > self.size)
            .unwrap_or_else(PoisonError::into_inner);
        *used += bytes;
    }

    fn give_back(&self, bytes: usize) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) -= bytes;
        self.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufReader, Cursor},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    const BOUNDS: Bounds = Bounds { line: 8, ahead: 64 };

    fn judged(input: impl Into<Vec<u8>>, judge: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Vec<u8> {
        let mut out = Vec::new();
        let judge: Judge = Arc::new(judge);
        judge_lines(BufReader::with_capacity(3, Cursor::new(input.into())), &mut out, BOUNDS, &judge).unwrap();
        out
    }

    #[test]
    fn every_line_has_its_verdict_in_order() {
        let input: String = (0..2000).flat_map(|n| [n.to_string(), "\n".to_owned()]).collect();
        // Every third line takes longer than those after it.
        let out = judged(input.clone(), |line| {
            if line.ends_with(b"3") {
                thread::yield_now();
            }
            line.to_vec()
        });
        assert_eq!(String::from_utf8(out).unwrap(), input);
    }

    #[test]
    fn an_empty_line_is_a_line_and_the_last_needs_no_line_feed() {
        let count = |line: &[u8]| line.len().to_string().into_bytes();
        assert_eq!(judged("\n\nab\nc", count), b"0\n0\n2\n1\n");
        assert_eq!(judged("", count), b"");
        assert_eq!(judged("\n", count), b"0\n");
    }

    #[test]
    fn of_a_line_that_is_too_long_one_byte_more_than_the_longest_is_kept() {
        let count = |line: &[u8]| line.len().to_string().into_bytes();
        assert_eq!(judged("12345678\n123456789\n1234567890123\n1", count), b"8\n9\n9\n1\n");
        assert_eq!(judged("123456789", count), b"9\n");
    }

    #[test]
    fn lines_in_judgement_stay_within_their_room() {
        let (now, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::clone(&most);
        let input = "1234567\n".repeat(500);
        let judge: Judge = Arc::new(move |line: &[u8]| {
            seen.fetch_max(now.fetch_add(line.len(), Ordering::SeqCst) + line.len(), Ordering::SeqCst);
            thread::yield_now();
            now.fetch_sub(line.len(), Ordering::SeqCst);
            Vec::new()
        });
        judge_lines(Cursor::new(input), io::sink(), Bounds { line: 8, ahead: 7 }, &judge).unwrap();
        assert_eq!(most.load(Ordering::SeqCst), 7);
    }

    #[test]
    fn a_line_that_was_not_judged_is_an_error_and_not_a_missing_line() {
        let judge: Judge = Arc::new(|line: &[u8]| {
            // Ends the worker as a defect would, without a panic's report in the test's output.
            if line == b"bad" { std::panic::resume_unwind(Box::new("defect")) } else { line.to_vec() }
        });
        let mut out = Vec::new();
        let ended = judge_lines(Cursor::new("good\nbad\n"), &mut out, BOUNDS, &judge);
        assert!(matches!(ended, Err(Ended::Unjudged)));
        assert_eq!(out, b"good\n");
    }

    #[test]
    fn the_end_of_the_output_ends_the_work_while_input_is_still_open() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let judge: Judge = Arc::new(<[u8]>::to_vec);
        let ended = judge_lines(BufReader::new(io::repeat(b'\n')), Closed, BOUNDS, &judge);
        assert!(matches!(ended, Err(Ended::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe));
    }
}
