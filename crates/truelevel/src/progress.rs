//! Progress on stderr, once something takes longer than two seconds.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use truelevel_engine::Talk;

/// Work shorter than this needs no progress.
const QUIET: Duration = Duration::from_secs(2);
/// How often a line is written where there is no terminal to redraw.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Shows what a run is doing: a bar on a terminal, a line now and then elsewhere.
pub(crate) struct Progress {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), state: Mutex::new(State::default()) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Ok(state) = self.state.get_mut() {
            match &state.bar {
                Some(bar) => bar.finish_and_clear(),
                None if state.last_line.is_some() => eprintln!("done in {} s", self.started.elapsed().as_secs()),
                None => {}
            }
        }
    }
}

impl Talk for Progress {
    fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        if self.started.elapsed() < QUIET {
            return;
        }
        // Another thread is drawing: this step is not worth waiting for.
        let Ok(mut state) = self.state.try_lock() else { return };
        if io::stderr().is_terminal() {
            let bar = state.bar.get_or_insert_with(|| {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(200));
                bar
            });
            let template = match total {
                Some(_) => "{spinner} {msg} {human_pos} of {human_len} [{bar:24}]",
                None if done == 0 => "{spinner} {msg}",
                None => "{spinner} {msg} {human_pos}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(done);
            bar.set_message(what.to_owned());
        } else if state.last_line.is_none_or(|last| last.elapsed() >= BETWEEN_LINES) {
            state.last_line = Some(Instant::now());
            match total {
                Some(total) => eprintln!("{what}: {done} of {total}"),
                None if done == 0 => eprintln!("{what}"),
                None => eprintln!("{what}: {done}"),
            }
        }
    }
}
