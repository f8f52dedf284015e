//! What `select` picks: values by their pointers, and columns of lists by the token `*`.

use super::json::Node;

/// Why the host would refuse these pointers: what `*` may not stand beside.
pub(super) fn illegal(pointers: &[String]) -> Option<&'static str> {
    let columns = || pointers.iter().filter_map(|pointer| split(pointer));
    if columns().any(|(_, rest)| split(rest).is_some()) {
        return Some("select has a pointer with more than one `*`");
    }
    let is_index = |token: &str| index(token).is_some();
    let mixed = columns().any(|(list, _)| {
        let others = pointers.iter().filter_map(|other| other.strip_prefix(list));
        others
            .filter_map(|rest| rest.strip_prefix('/')?.split('/').next())
            .any(is_index)
    });
    mixed.then_some("select takes the same list by `*` and by index")
}

/// The text of a value or of a column, without white space between its parts.
pub(super) fn pick(document: &Node<'_>, pointer: &str) -> Option<String> {
    if let Some((list, rest)) = split(pointer)
        && let Node::Array(items) = at(document, list)?
    {
        let item = |item| at(item, rest).map_or_else(|| "null".to_owned(), Node::compact);
        let items: Vec<String> = items.iter().map(item).collect();
        return Some(format!("[{}]", items.join(",")));
    }
    at(document, pointer).map(Node::compact)
}

/// The pointers before and behind the first token `*`.
fn split(pointer: &str) -> Option<(&str, &str)> {
    let mut stars = pointer.match_indices("/*");
    let (at, _) =
        stars.find(|(at, _)| matches!(pointer.as_bytes().get(at + 2), None | Some(b'/')))?;
    Some((&pointer[..at], &pointer[at + 2..]))
}

/// The value at a JSON pointer (RFC 6901).
fn at<'n, 'a>(document: &'n Node<'a>, pointer: &str) -> Option<&'n Node<'a>> {
    let mut value = document;
    for token in pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        value = match value {
            Node::Array(items) => items.get(index(&name)?)?,
            _ => value.member(&name)?,
        };
    }
    Some(value)
}

/// The index that a token is: `01` and `+1` are none.
fn index(token: &str) -> Option<usize> {
    let index = token.parse::<usize>().ok()?;
    (index.to_string() == token).then_some(index)
}
