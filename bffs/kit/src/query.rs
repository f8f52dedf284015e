//! Reading a request's headers and query parameters. What is wrong with a parameter is said in a
//! [`Problem`] that names it, the value given and what is allowed.

use std::ops::RangeInclusive;

use crate::{Date, Problem, Request};

impl Request {
    /// The value of the first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        crate::header(&self.headers, name)
    }

    /// Refuses any query parameter that is not among `names`, so that a misspelt one is not
    /// silently ignored.
    ///
    /// # Errors
    ///
    /// 400, naming the first one that is unknown and those that are known.
    pub fn query_only(&self, names: &[&str]) -> Result<(), Problem> {
        let unknown = self
            .query
            .iter()
            .find(|(name, _)| !names.contains(&name.as_str()));
        match unknown {
            None => Ok(()),
            Some((name, value)) => Err(Problem::bad_parameter(
                name,
                value,
                &format!("only the parameters {}", quoted(names)),
            )),
        }
    }

    /// The value of a query parameter, or `None` where it is not given.
    ///
    /// # Errors
    ///
    /// 400 when it is given more than once.
    pub fn query_text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.query.iter().filter(|(known, _)| known == name);
        let first = values.next().map(|(_, value)| value.as_str());
        match values.next() {
            None => Ok(first),
            Some((_, second)) => Err(Problem::bad_parameter(name, second, "one value only")),
        }
    }

    /// A query parameter that is a date as `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// 400 when it is not a day of the calendar in this form, or given more than once.
    pub fn query_date(&self, name: &str) -> Result<Option<Date>, Problem> {
        let Some(value) = self.query_text(name)? else {
            return Ok(None);
        };
        value
            .parse()
            .map(Some)
            .map_err(|_| Problem::bad_parameter(name, value, "a date as `YYYY-MM-DD`"))
    }

    /// A query parameter that is one of `allowed`, which is never empty.
    ///
    /// # Errors
    ///
    /// 400 when it is something else, or given more than once.
    pub fn query_one_of<'a>(
        &self,
        name: &str,
        allowed: &[&'a str],
    ) -> Result<Option<&'a str>, Problem> {
        self.query_text(name)?
            .map(|value| choice(name, value, allowed))
            .transpose()
    }

    /// A query parameter that is a list of some of `allowed`, separated by commas.
    ///
    /// # Errors
    ///
    /// 400 when an item is something else (an empty one too), or the parameter is given more than
    /// once.
    pub fn query_list<'a>(
        &self,
        name: &str,
        allowed: &[&'a str],
    ) -> Result<Option<Vec<&'a str>>, Problem> {
        let Some(value) = self.query_text(name)? else {
            return Ok(None);
        };
        value
            .split(',')
            .map(|item| choice(name, item, allowed))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A query parameter that is a whole number within `allowed`.
    ///
    /// # Errors
    ///
    /// 400 when it is something else, or given more than once.
    pub fn query_integer(
        &self,
        name: &str,
        allowed: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Problem> {
        let Some(value) = self.query_text(name)? else {
            return Ok(None);
        };
        match value.parse() {
            Ok(number) if allowed.contains(&number) => Ok(Some(number)),
            _ => {
                let text = format!(
                    "a whole number from {} to {}",
                    allowed.start(),
                    allowed.end()
                );
                Err(Problem::bad_parameter(name, value, &text))
            }
        }
    }
}

fn choice<'a>(name: &str, value: &str, allowed: &[&'a str]) -> Result<&'a str, Problem> {
    allowed
        .iter()
        .find(|known| **known == value)
        .copied()
        .ok_or_else(|| Problem::bad_parameter(name, value, &quoted(allowed)))
}

/// `` `7d`, `30d` ``.
fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::testing::get;

    #[test]
    fn parameters_that_are_not_given_are_none() {
        let request = get("/ada");
        assert_eq!(request.query_text("date").unwrap(), None);
        assert_eq!(request.query_date("date").unwrap(), None);
        assert_eq!(request.query_one_of("range", &["7d"]).unwrap(), None);
        assert_eq!(request.query_list("fields", &["sleep"]).unwrap(), None);
        assert_eq!(request.query_integer("limit", 1..=9).unwrap(), None);
    }

    #[test]
    fn good_parameters_are_typed() {
        let request = get("/ada?date=2026-01-15&range=7d&fields=sleep,heart&limit=9");
        let known = ["heart", "sleep", "today"];
        assert_eq!(
            request.query_date("date").unwrap().unwrap().to_string(),
            "2026-01-15"
        );
        assert_eq!(
            request.query_one_of("range", &["7d", "30d"]).unwrap(),
            Some("7d")
        );
        assert_eq!(
            request.query_list("fields", &known).unwrap(),
            Some(vec!["sleep", "heart"])
        );
        assert_eq!(request.query_integer("limit", 1..=9).unwrap(), Some(9));
    }

    #[test]
    fn bad_parameters_are_named_with_what_is_allowed() {
        let request = get("/?date=15.1.&range=5d&fields=sleep,&limit=10&twice=1&twice=2");
        for (problem, detail) in [
            (
                request.query_date("date").unwrap_err(),
                "`date` is `15.1.`; allowed: a date as `YYYY-MM-DD`",
            ),
            (
                request.query_one_of("range", &["7d", "30d"]).unwrap_err(),
                "`range` is `5d`; allowed: `7d`, `30d`",
            ),
            (
                request.query_list("fields", &["sleep"]).unwrap_err(),
                "`fields` is ``; allowed: `sleep`",
            ),
            (
                request.query_integer("limit", 1..=9).unwrap_err(),
                "`limit` is `10`; allowed: a whole number from 1 to 9",
            ),
            (
                request.query_text("twice").unwrap_err(),
                "`twice` is `2`; allowed: one value only",
            ),
            (
                request.query_only(&["range"]).unwrap_err(),
                "`date` is `15.1.`; allowed: only the parameters `range`",
            ),
        ] {
            assert_eq!(problem.to_string(), format!("query parameter {detail}"));
        }
    }
}
