//! Fields that a guest passes on from its client to a service.

use http::HeaderName;

use super::{Granted, Session};
use crate::http_fields::is_taken_on_trust;

impl Session {
    /// Leaves out what came with the client's request and may not be sent to the service, for a
    /// guest that passes on all fields of its request.
    pub fn leave_out(&self, granted: Granted, headers: &mut Vec<(String, String)>) {
        let shape = &self.settings.grants.at(granted.grant).shape;
        let client = &self.settings.client_headers;
        headers.retain(|(name, value)| {
            let Ok(field) = HeaderName::from_bytes(name.as_bytes()) else {
                return true;
            };
            let may_be_sent =
                value.is_ascii() && (!is_taken_on_trust(&field) || shape.lists(&field));
            let mut values = client.get_all(&field).iter();
            may_be_sent || !values.any(|known| known.as_bytes() == value.as_bytes())
        });
    }
}
