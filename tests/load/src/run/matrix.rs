//! Which kinds of load are measured.

use std::time::Duration;

use super::{Cell, Effort, Options};
use crate::drive::Protocol;
use crate::targets::Scenario;

/// The usual number of requests at a time.
const USUAL: usize = 32;

/// The cells of a run, in the order of the report.
pub fn cells(options: &Options) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let chosen = |scenarios: &[Scenario]| -> Vec<Scenario> {
        if options.scenario.is_empty() {
            scenarios.to_vec()
        } else {
            options.scenario.clone()
        }
    };
    let mut add = |scenarios: &[Scenario], delays: &[u64], protocols: &[Protocol], at: &[usize]| {
        let delays = or(&options.delay, delays);
        let protocols = or(&options.protocol, protocols);
        let at = or(&options.connections, at);
        for &scenario in scenarios {
            for &delay in delays {
                // Without a call there is nothing that could wait.
                let waits = scenario != Scenario::Noop;
                if !waits && delay != delays[0] {
                    continue;
                }
                for &protocol in protocols {
                    for &at_a_time in at {
                        let cell = Cell {
                            scenario,
                            delay: Duration::from_millis(if waits { delay } else { 0 }),
                            protocol,
                            at_a_time,
                            rate: options.rate,
                        };
                        if !cells.contains(&cell) {
                            cells.push(cell);
                        }
                    }
                }
            }
        }
    };
    let both = [Scenario::Watch, Scenario::Dashboard];
    let three = [Scenario::Noop, Scenario::Watch, Scenario::Dashboard];
    let (h1, h2) = (Protocol::Http1, Protocol::Http2);
    match options.effort() {
        Effort::Quick => add(&chosen(&three), &[0], &[h1], &[USUAL]),
        Effort::Usual => {
            add(&chosen(&Scenario::ALL), &[0], &[h1], &[USUAL]);
            add(&chosen(&both), &[0], &[h1], &[1, 256]);
            add(&chosen(&three), &[0], &[h2], &[USUAL]);
            // Few requests at a time would wait, not work.
            add(&chosen(&both), &[5], &[h1], &[256]);
        }
        Effort::Full => add(
            &chosen(&Scenario::ALL),
            &[0, 5],
            &[h1, h2],
            &[1, USUAL, 256],
        ),
    }
    cells
}

fn or<'a, T>(chosen: &'a [T], usual: &'a [T]) -> &'a [T] {
    if chosen.is_empty() { usual } else { chosen }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    fn count(arguments: &str) -> usize {
        let line = std::iter::once("load").chain(arguments.split_whitespace());
        cells(&Command::parse_from(line).options).len()
    }

    #[test]
    fn no_cell_is_measured_twice() {
        assert_eq!(count("--quick"), 3);
        assert_eq!(count(""), 14);
        // noop does not wait.
        assert_eq!(count("--full"), 4 * 12 + 6);
        assert_eq!(
            count("--scenario watch --connections 32 --protocol h1 --delay 0"),
            1
        );
        assert_eq!(count("--quick --scenario watch,mix --connections 1,32"), 4);
    }
}
