//! The line of the log about a BFF that failed on a request.

use super::reply;
use crate::bff::error::BffError;
use crate::bff::version::Version;

/// What a line about a failure costs besides its backtrace, bytes.
const LINE: usize = 400;

/// Logs a BFF's failure for its team: the error, the place in its code, and the version.
pub(super) fn report(error: &BffError, version: &Version, request_id: &str) {
    let code = reply::code(error).as_str();
    let (bff, version_name) = (&**version.bff(), &**version.name());
    if let BffError::Overloaded { .. }
    | BffError::CpuShare { .. }
    | BffError::TargetTooLong { .. } = error
    {
        // Many at once, or a client's doing, and no fault of the BFF's code: the metrics count them.
        tracing::debug!(bff, version = version_name, request_id, code, "{error}");
        return;
    }
    let backtrace = error.backtrace();
    let backtrace = (!backtrace.is_empty()).then_some(backtrace);
    let size = LINE + backtrace.as_deref().map_or(0, str::len);
    let most = version.settings().limits.log_rate;
    let log = version.metrics().bff().log_bytes();
    let Some(left_out) = log.take(size as u64, most as u64) else {
        return;
    };
    let left_out = (left_out > 0).then_some(left_out);
    let preview = version.log_source().is_preview.then_some(true);
    let version = version_name;
    match error {
        BffError::EngineFull => {
            tracing::warn!(bff, version, request_id, preview, code, left_out, "{error}");
        }
        _ => tracing::error!(
            bff, version, request_id, preview, code, backtrace, left_out, "{error}"
        ),
    }
}
