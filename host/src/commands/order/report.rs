//! What a command prints of an order: a line a step, for people or as JSON.

use std::time::Duration;

use serde_json::{Value, json};
use tailor::config::show_duration;
use tailor::text::visible;

use super::error::{document, number};
use crate::commands::outcome;
use crate::commands::output::Output;
use crate::commands::remote::Release;

/// The report of an order.
pub struct Report {
    bff: String,
    is_json: bool,
    out: Output,
    /// The release, as far as it is known.
    release: Option<Release>,
}

impl Report {
    pub fn new(bff: &str, is_json: bool) -> Self {
        Self {
            bff: bff.to_owned(),
            is_json,
            out: Output::default(),
            release: None,
        }
    }

    /// A step is done: a sentence for people, and its name and members for programs.
    pub fn step(&mut self, event: &str, sentence: &str, members: Value) {
        self.say(sentence);
        self.tell(event, members);
    }

    /// A line for people.
    pub fn say(&mut self, sentence: &str) {
        if !self.is_json {
            self.out
                .line(format_args!("{}: {}", self.bff, visible(sentence)));
        }
    }

    /// A line for programs.
    pub fn tell(&mut self, event: &str, members: Value) {
        if !self.is_json {
            return;
        }
        let mut line = json!({"event": event, "bff": self.bff});
        if let (Value::Object(line), Value::Object(members)) = (&mut line, members) {
            line.extend(members);
        }
        self.out.line(outcome::line(&line));
    }

    /// The release is in a new state.
    pub fn release(&mut self, sentence: &str, release: &Release) {
        self.step(&release.state, sentence, json!({"release": release}));
        self.release = Some(release.clone());
    }

    /// The host is away, or asks to be left alone for this time, and is asked again.
    pub fn waits(&mut self, why: &str, asked: Option<Duration>) {
        let mut sentence = format!("{why}; asking again");
        let mut members = json!({"reason": why});
        if let Some(asked) = asked {
            sentence = format!("{sentence} in {}", show_duration(asked));
            members["seconds"] = json!(asked.as_secs());
        }
        self.step("waiting", &sentence, members);
    }

    pub fn answers_again(&mut self) {
        self.step("answering", "the host answers again", Value::Null);
    }

    /// The last line for programs, and the end of the output.
    ///
    /// # Errors
    ///
    /// When the order has no good end, or a line could not be written.
    pub fn end(mut self, ended: anyhow::Result<u8>) -> anyhow::Result<u8> {
        if self.is_json {
            let (exit, error) = match &ended {
                Ok(exit) => (*exit, None),
                Err(error) => (number(error), Some(error)),
            };
            let problem = error.map(document);
            let members = json!({
                "exit": exit,
                "release": self.release,
                "error": error.map(|it| format!("{it:#}")),
                "problem": problem,
            });
            self.step("end", "", members);
        }
        let written = self.out.end();
        let exit = ended?;
        written?;
        Ok(exit)
    }
}
