//! From a JSON object to a [`Fault`]. Read by hand instead of derived, so that each message names
//! the field at fault and an unknown field is never ignored.

use serde_json::{Map, Value};

use super::{Fault, FaultKind, Garbling, HTML_PAGE, InvalidFault};

const KINDS: &str = "delay, heavy-tail, statuses, refuse, reset, hang, trickle, content-type, oversize, invalid-json";

impl TryFrom<Map<String, Value>> for Fault {
    type Error = InvalidFault;

    fn try_from(object: Map<String, Value>) -> Result<Fault, InvalidFault> {
        let mut fields = Fields(object);
        let kind = match fields.text("kind")?.as_deref() {
            Some("delay") => FaultKind::Delay {
                ms: fields.must("ms", Fields::number)?,
            },
            Some("heavy-tail") => FaultKind::HeavyTail {
                ms: fields.number("ms")?.unwrap_or(0),
                slow_ms: fields.must("slow_ms", Fields::number)?,
                slow_percent: fields.must("slow_percent", Fields::fraction)?,
                seed: fields.number("seed")?.unwrap_or(1),
            },
            Some("statuses") => FaultKind::Statuses {
                statuses: fields.must("statuses", Fields::statuses)?,
            },
            Some("refuse") => FaultKind::Refuse,
            Some("reset") => FaultKind::Reset {
                after_bytes: fields.number("after_bytes")?,
            },
            Some("hang") => FaultKind::Hang,
            Some("trickle") => FaultKind::Trickle {
                chunk_bytes: match fields.number("chunk_bytes")? {
                    None => 64,
                    Some(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
                },
                pause_ms: fields.number("pause_ms")?.unwrap_or(50),
            },
            Some("content-type") => FaultKind::ContentType {
                content_type: fields
                    .text("content_type")?
                    .unwrap_or_else(|| "text/html".to_owned()),
                body: fields.text("body")?.unwrap_or_else(|| HTML_PAGE.to_owned()),
            },
            Some("oversize") => FaultKind::Oversize {
                bytes: fields.must("bytes", Fields::number)?,
            },
            Some("invalid-json") => FaultKind::InvalidJson {
                garbling: match fields.text("garbling")?.as_deref() {
                    None | Some("truncated") => Garbling::Truncated,
                    Some("garbage") => Garbling::Garbage,
                    Some(other) => {
                        return Err(InvalidFault::new(
                            "garbling",
                            format!("`{other}` is neither truncated nor garbage"),
                        ));
                    }
                },
            },
            Some(other) => {
                return Err(InvalidFault::new(
                    "kind",
                    format!("`{other}` is none of {KINDS}"),
                ));
            }
            None => {
                return Err(InvalidFault::new(
                    "kind",
                    format!("is missing, it is one of {KINDS}"),
                ));
            }
        };
        let fault = Fault {
            kind,
            path: fields.text("path")?,
            times: fields.number("times")?,
            after_write: fields.truth("after_write")?,
        };
        if let Some(unknown) = fields.0.keys().next() {
            return Err(InvalidFault::new(
                unknown,
                "is not a field of this kind of fault",
            ));
        }
        fault.check()?;
        Ok(fault)
    }
}

/// The fields that are not yet read.
struct Fields(Map<String, Value>);

impl Fields {
    fn must<T>(
        &mut self,
        name: &str,
        read: fn(&mut Fields, &str) -> Result<Option<T>, InvalidFault>,
    ) -> Result<T, InvalidFault> {
        read(self, name)?.ok_or_else(|| InvalidFault::new(name, "is missing"))
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, InvalidFault> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(InvalidFault::new(name, format!("{other} is not a text"))),
        }
    }

    fn truth(&mut self, name: &str) -> Result<bool, InvalidFault> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(truth)) => Ok(truth),
            Some(other) => {
                let problem = format!("{other} is neither true nor false");
                Err(InvalidFault::new(name, problem))
            }
        }
    }

    fn number(&mut self, name: &str) -> Result<Option<u64>, InvalidFault> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(InvalidFault::new(
                    name,
                    format!("{value} is not a whole number from 0 on"),
                )),
            },
        }
    }

    fn fraction(&mut self, name: &str) -> Result<Option<f64>, InvalidFault> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) => Ok(Some(number)),
                None => Err(InvalidFault::new(name, format!("{value} is not a number"))),
            },
        }
    }

    fn statuses(&mut self, name: &str) -> Result<Option<Vec<u16>>, InvalidFault> {
        let wrong = |value: &Value| {
            InvalidFault::new(name, format!("{value} is not a list of status codes"))
        };
        let status = |value: &Value| value.as_u64().and_then(|number| u16::try_from(number).ok());
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(list) => {
                let values = list.as_array().ok_or_else(|| wrong(&list))?;
                let statuses: Option<Vec<u16>> = values.iter().map(status).collect();
                statuses.map(Some).ok_or_else(|| wrong(&list))
            }
        }
    }
}
