//! What stands before a server, and lets nobody in when it is told so.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Duration,
};

/// Longer than anything here takes on a busy machine; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// It goes on to the server.
    Open,
    /// It is closed at once.
    Shut,
    /// Nothing comes back, until the door is another.
    Held,
    /// These bytes come back whatever is asked, and the connection is closed.
    Answers(&'static str),
}

/// A port of this machine before another one.
pub struct Gate {
    port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
}

struct State {
    door: Door,
    visitors: usize,
}

impl Gate {
    /// Stands before a port, open.
    pub fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new((Mutex::new(State { door: Door::Open, visitors: 0 }), Condvar::new()));
        let kept = Arc::clone(&state);
        // It ends with the process: a test has few of them.
        thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                let state = Arc::clone(&kept);
                thread::spawn(move || admit(visitor, server, &state));
            }
        });
        Self { port, state }
    }

    /// Its own port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the door for connections to come, and for those that are held.
    pub fn set(&self, door: Door) {
        let (state, changed) = &*self.state;
        state.lock().unwrap().door = door;
        changed.notify_all();
    }

    /// Waits until a connection is at the door that is no longer counted after this.
    pub fn wait_for_visitor(&self) {
        let (state, changed) = &*self.state;
        let nobody = |state: &mut State| state.visitors == 0;
        let (mut state, waited) = changed.wait_timeout_while(state.lock().unwrap(), PATIENCE, nobody).unwrap();
        assert!(!waited.timed_out(), "nobody came to the door");
        state.visitors = 0;
    }
}

fn admit(mut visitor: TcpStream, server: u16, state: &(Mutex<State>, Condvar)) {
    let (state, changed) = state;
    let held = |state: &mut State| state.door == Door::Held;
    let mut arrived: MutexGuard<'_, State> = state.lock().unwrap();
    arrived.visitors += 1;
    changed.notify_all();
    let door = changed.wait_while(arrived, held).unwrap().door;
    match door {
        Door::Open => {
            // Either side may have gone.
            let _ = pass(visitor, server);
        }
        Door::Answers(bytes) => {
            let mut asked = [0; 4096];
            let _ = visitor.read(&mut asked).and_then(|_| visitor.write_all(bytes.as_bytes()));
        }
        Door::Shut | Door::Held => drop(visitor),
    }
}

/// Both ways, until either ends.
fn pass(visitor: TcpStream, server: u16) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
    let (mut from, mut to) = (visitor.try_clone()?, server.try_clone()?);
    let asking = thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, mut to) = (server, visitor);
    let copied = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = asking.join();
    copied.map(drop)
}
