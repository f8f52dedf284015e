//! What happens to releases, as server-sent events whose ids go on where a client left off.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream::unfold;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::time::timeout;

use super::problem::V1Problem;
use super::shares::Share;
use super::{Pages, document};
use crate::releases::{Caller, OrderError, Orders};
use crate::server::admin::AdminBody;
use crate::server::inbound;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Events that are read from the journal at once.
const PAGE: usize = 100;
/// Silence after which a comment is sent, so that a client and what is between know it is there.
const SILENCE: Duration = Duration::from_secs(15);

/// A client's stream.
struct Events {
    orders: Arc<dyn Orders>,
    /// The number of the last event that was sent.
    after: i64,
    /// The BFFs of which it is told; all if it is absent.
    bff: Option<String>,
    /// Who is told, of no BFF but those that it knows of.
    caller: Caller,
    happened: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    _place: Share,
}

/// Begins a stream.
pub(super) async fn events(
    request: &Request<Incoming>,
    pages: &Pages,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    let bad = |what: String| {
        let fix = "write ?after=NUMBER, ?bff=NAME, both or neither";
        V1Problem::new(StatusCode::BAD_REQUEST, "query", what, fix)
    };
    let query = inbound::query(request.uri()).map_err(|error| bad(error.to_string()))?;
    let mut after = last_id(request)?;
    let mut bff = None;
    for (name, value) in query {
        match &*name {
            "after" => {
                let number = value.parse::<u32>();
                let number =
                    number.map_err(|_| bad("after is no number of an event".to_owned()))?;
                // A client that lost its connection sends the same query again.
                after = after.or(Some(i64::from(number)));
            }
            "bff" => bff = Some(value),
            _ => return Err(bad(format!("{name:?} is not known here"))),
        }
    }
    // One that is another team's is told from none by nothing.
    if let Some(bff) = bff.as_ref().filter(|bff| !caller.knows(bff)) {
        return Err(OrderError::NoBff(bff.clone()).into());
    }
    let place = pages.streams.take(&caller)?;
    let happened = pages.orders.happened()?;
    let newest = pages.orders.newest_event().await?;
    // A number beyond the newest is of another journal.
    let after = after.map_or(newest, |after| after.min(newest));
    let events = Events {
        orders: pages.orders.clone(),
        after,
        bff,
        caller,
        happened,
        stopping: pages.stopping.clone(),
        _place: place,
    };
    let first = Bytes::from_static(b": events of releases\n\n");
    let stream = unfold((Some(first), events), |(first, mut events)| async {
        let text = match first {
            Some(first) => first,
            None => events.next().await?,
        };
        Some((Ok::<_, Infallible>(Frame::data(text)), (None, events)))
    });
    let mut response = Response::new(AdminBody::Right(Box::pin(StreamBody::new(stream))));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

/// The last event that a client has.
fn last_id(request: &Request<Incoming>) -> Result<Option<i64>, V1Problem> {
    let Some(id) = request.headers().get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let id = id.to_str().ok().and_then(|id| id.parse::<u32>().ok());
    let id = id.ok_or_else(|| {
        let what = "last-event-id is no number of an event";
        let fix = "send the id of the last event that came, or none";
        V1Problem::new(StatusCode::BAD_REQUEST, "last-event-id", what, fix)
    })?;
    Ok(Some(i64::from(id)))
}

impl Events {
    /// Whether the token of the client is valid still. One that cannot be read is as it was.
    async fn is_allowed(&self) -> bool {
        let Some(id) = self.caller.token() else {
            return true;
        };
        let Ok(tokens) = self.orders.tokens().await else {
            return true;
        };
        let found = tokens.iter().find(|token| token.id == id);
        found.is_some_and(|token| token.check(SystemTime::now()).is_ok())
    }

    /// The next text. `None` at the end: the host stops or cannot read its journal, or the token is
    /// valid no more. A client comes again with the last id.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if *self.stopping.borrow() {
                return None;
            }
            if !self.is_allowed().await {
                return None;
            }
            self.happened.mark_unchanged();
            let events = self.orders.events(self.after, PAGE).await.ok()?;
            if let Some(last) = events.last() {
                self.after = last.number;
                let bff = self.bff.as_deref();
                let is_wanted =
                    |name: &str| bff.is_none_or(|bff| name == bff) && self.caller.knows(name);
                let wanted = events.iter().filter(|it| is_wanted(&it.bff));
                let text: String = wanted
                    .map(|event| {
                        let document = document::event(event);
                        format!("id: {}\nevent: release\ndata: {document}\n\n", event.number)
                    })
                    .collect();
                if !text.is_empty() {
                    return Some(text.into());
                }
                continue;
            }
            // A journal that was moved away leaves one whose numbers begin again.
            if self.orders.newest_event().await.ok()? < self.after {
                self.after = 0;
                continue;
            }
            let waiting = async {
                tokio::select! {
                    more = self.happened.changed() => more.is_ok(),
                    _ = self.stopping.changed() => false,
                }
            };
            match timeout(SILENCE, waiting).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(_) => return Some(Bytes::from_static(b": none\n\n")),
            }
        }
    }
}
