//! Services on socket files: `unix:/run/users.sock`, or as nginx writes it with a path,
//! `http://unix:/run/users.sock:/api`.

use std::path::PathBuf;

use super::path::check_path;
use crate::config::problem::Fault;
use crate::config::values::quote;

/// What the system allows for the path of a socket, bytes (`sun_path` of unix(7), and the zero at
/// its end).
const MAX_PATH: usize = 107;

/// Reads what follows `unix:`. Returns the file, and what is put in front of paths.
pub(super) fn unix<'a>(written: &str, rest: &'a str) -> Result<(PathBuf, &'a str), Fault> {
    let fault = |what: &str, way_out: &str| {
        Err(Fault::new(
            format!("{} {what}", quote(written)),
            way_out.to_owned(),
        ))
    };
    let example = "write its whole path, such as \"unix:/run/users.sock\"";
    let (file, path) = match rest.split_once(':') {
        None => (rest, ""),
        Some((file, path)) if path.starts_with('/') => (file, path),
        Some(_) => {
            let way_out = "write a path such as \"http://unix:/run/users.sock:/api\", or nothing, behind the second colon";
            return fault(
                "has no path behind the colon after its socket file",
                way_out,
            );
        }
    };
    if !file.starts_with('/') {
        return fault("names a socket file by a relative path", example);
    }
    if file.starts_with("//") {
        return fault("has slashes before its socket file", example);
    }
    if file.ends_with('/') || file.bytes().any(|b| b.is_ascii_control()) {
        return fault("names no file", example);
    }
    if file.len() > MAX_PATH {
        let what = format!("names a socket file by {} bytes", file.len());
        let way_out =
            format!("use a path of at most {MAX_PATH} bytes, which is all that the system takes");
        return fault(&what, &way_out);
    }
    if !path.is_empty() {
        check_path(path)?;
    }
    Ok((PathBuf::from(file), path.strip_suffix('/').unwrap_or(path)))
}
