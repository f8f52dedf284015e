//! What a scripted service does about one request.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

use super::frames;
use super::record::Request;

/// From a request to what is done about it.
pub(super) type Answering = dyn Fn(Request) -> Response + Send + Sync;
pub(super) type Waiting<T> = Pin<Box<dyn Future<Output = T> + Send>>;
pub(super) type Fields = Vec<(String, Vec<u8>)>;

/// What to do about a request: an answer, part of one, or none.
///
/// Its body is sent with a `content-length`, unless it is [`chunked`](Response::chunked) or ends
/// [with the connection](Response::until_close). Values of fields are sent as they are given, over
/// HTTP/1.1 also such as are not allowed.
#[must_use]
pub struct Response {
    pub(super) later: Option<Waiting<Response>>,
    pub(super) before: Vec<Before>,
    /// `None`: no head is sent, and no body.
    pub(super) head: Option<Head>,
    pub(super) body: Vec<Part>,
    pub(super) trailers: Fields,
    /// Less of the body is sent than was announced.
    cut: bool,
    pub(super) end: End,
}

pub(super) struct Head {
    pub(super) status: u16,
    pub(super) fields: Fields,
    pub(super) framing: Framing,
}

/// What comes before the head.
pub(super) enum Before {
    Raw(Bytes),
    Interim(u16, Fields),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// What the body has, or this length.
    Length(Option<usize>),
    Chunked,
    UntilClose,
}

/// A part of a body.
pub(super) enum Part {
    Data(Bytes),
    Wait(Waiting<()>),
    /// Again and again, with this pause.
    Repeat(Bytes, Duration),
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The answer is whole, and the connection serves the next request.
    Keep,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing follows until the client gives up. The rest of the connection goes on.
    Hang,
    /// Nothing is read and written any more, of all streams.
    Silent,
    /// The stream of HTTP/2 is reset. The connection, where it is HTTP/1.1.
    ResetStream(u32),
}

impl Response {
    /// A status, without a body.
    pub fn new(status: u16) -> Response {
        Response {
            head: Some(Head {
                status,
                fields: Fields::new(),
                framing: Framing::Length(None),
            }),
            ..Response::none(End::Keep)
        }
    }

    /// 200 with this body.
    pub fn text(body: impl Into<Bytes>) -> Response {
        Response::new(200).body(body)
    }

    /// 200 with this body and `content-type: application/json`.
    pub fn json(body: impl ToString) -> Response {
        let response = Response::text(body.to_string());
        response.header("content-type", "application/json")
    }

    /// What comes of this.
    pub fn later(response: impl Future<Output = Response> + Send + 'static) -> Response {
        Response {
            later: Some(Box::pin(response)),
            ..Response::none(End::Keep)
        }
    }

    /// These bytes in place of an answer. Over HTTP/2, they stand between two frames.
    pub fn raw(bytes: impl Into<Bytes>) -> Response {
        Response::none(End::Keep).raw_before(bytes)
    }

    /// No answer: the client waits until it gives up.
    pub fn hang() -> Response {
        Response::none(End::Hang)
    }

    /// No answer: the connection is closed.
    pub fn close() -> Response {
        Response::none(End::Close)
    }

    /// No answer: the connection is reset.
    pub fn reset() -> Response {
        Response::none(End::Reset)
    }

    /// No answer, and nothing else either: the connection stays open, without reads or writes.
    pub fn silent() -> Response {
        Response::none(End::Silent)
    }

    /// No answer: RST_STREAM with this code, of which 7 is REFUSED_STREAM.
    pub fn reset_stream(code: u32) -> Response {
        Response::none(End::ResetStream(code))
    }

    /// No answer: GOAWAY, by which streams above `last` were not processed. Streams up to it go on.
    pub fn goaway(last: u32, code: u32) -> Response {
        Response::hang().raw_before(frames::goaway(last, code))
    }

    fn none(end: End) -> Response {
        Response {
            later: None,
            before: Vec::new(),
            head: None,
            body: Vec::new(),
            trailers: Fields::new(),
            cut: false,
            end,
        }
    }

    /// Adds a field.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Response {
        if let Some(head) = &mut self.head {
            let field = (name.to_owned(), value.as_ref().to_vec());
            head.fields.push(field);
        }
        self
    }

    /// Adds fields.
    pub fn headers(self, fields: &[(&str, &str)]) -> Response {
        let add = |response: Response, (name, value): &(&str, &str)| response.header(name, value);
        fields.iter().fold(self, add)
    }

    /// Adds to the body.
    pub fn body(mut self, part: impl Into<Bytes>) -> Response {
        self.body.push(Part::Data(part.into()));
        self
    }

    /// What follows of the body comes after this.
    pub fn wait(mut self, until: impl Future<Output = ()> + Send + 'static) -> Response {
        self.body.push(Part::Wait(Box::pin(until)));
        self
    }

    /// A body without end: this part until the client has had enough.
    pub fn repeat(mut self, part: impl Into<Bytes>, pause: Duration) -> Response {
        self.body.push(Part::Repeat(part.into(), pause));
        self.chunked()
    }

    /// Adds a field after the body, which is chunked.
    pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Response {
        self.trailers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self.chunked()
    }

    /// Does all of this after something else.
    pub fn after(self, until: impl Future<Output = ()> + Send + 'static) -> Response {
        Response::later(async move {
            until.await;
            self
        })
    }

    /// Sends an interim answer first, 103 for example.
    pub fn interim(mut self, status: u16, fields: &[(&str, &str)]) -> Response {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        let fields = fields.iter().map(owned).collect();
        self.before.push(Before::Interim(status, fields));
        self
    }

    /// Sends bytes first.
    pub fn raw_before(mut self, bytes: impl Into<Bytes>) -> Response {
        self.before.push(Before::Raw(bytes.into()));
        self
    }

    /// Without a `content-length`, in parts.
    pub fn chunked(self) -> Response {
        self.framed(Framing::Chunked)
    }

    /// Without a `content-length`: the body ends with the connection.
    pub fn until_close(self) -> Response {
        self.framed(Framing::UntilClose).then_close()
    }

    /// With this `content-length`, right or wrong.
    pub fn length(self, length: usize) -> Response {
        self.framed(Framing::Length(Some(length)))
    }

    /// Announces the whole body and sends this many bytes of it. Then the connection is closed,
    /// unless something else is said to follow. To be called when the body is there.
    pub fn cut_at(mut self, mut length: usize) -> Response {
        let whole = self.body.iter().map(Part::length).sum();
        for part in &mut self.body {
            if let Part::Data(data) = part {
                data.truncate(length);
                length -= data.len();
            }
        }
        let chunked = matches!(&self.head, Some(head) if head.framing == Framing::Chunked);
        self.cut = true;
        let cut = if chunked { self } else { self.length(whole) };
        cut.then_close()
    }

    /// Closes the connection then, of which the answer says nothing.
    pub fn then_close(self) -> Response {
        self.then(End::Close)
    }

    /// Resets the connection then.
    pub fn then_reset(self) -> Response {
        self.then(End::Reset)
    }

    /// Then nothing: an answer without a length has no end.
    pub fn then_hang(self) -> Response {
        self.then(End::Hang)
    }

    /// Then nothing on the whole connection: no reads, no writes.
    pub fn then_silent(self) -> Response {
        self.then(End::Silent)
    }

    /// Resets the stream then, with this code.
    pub fn then_reset_stream(self, code: u32) -> Response {
        self.then(End::ResetStream(code))
    }

    fn then(mut self, end: End) -> Response {
        self.end = end;
        self
    }

    fn framed(mut self, framing: Framing) -> Response {
        if let Some(head) = &mut self.head {
            head.framing = framing;
        }
        self
    }

    /// Whether the client is told where the answer ends.
    pub(super) fn is_ended(&self) -> bool {
        !self.cut && matches!(self.end, End::Keep | End::Close)
    }

    /// The length of its body.
    pub(super) fn body_length(&self) -> usize {
        self.body.iter().map(Part::length).sum()
    }
}

impl Part {
    fn length(&self) -> usize {
        match self {
            Part::Data(data) => data.len(),
            Part::Wait(_) | Part::Repeat(..) => 0,
        }
    }
}
