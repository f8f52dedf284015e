//! A target of fuzzing: what anybody may send as a signature, and what an operator may write as the
//! key of a signer.

use super::{Signer, check_comment, prove};
use crate::text::assert_fit_for_a_log;

/// The text of a `.minisig` file, the bytes that it is for, the name of a BFF and the line of a
/// public key, separated by the byte 255, which no text holds. What is proven is proven for these
/// very bytes, this key and this BFF, and what is not is refused in a line.
pub fn signature(input: &[u8]) {
    let parts = input.splitn(4, |byte| *byte == 255);
    let mut parts = parts.map(String::from_utf8_lossy);
    let mut part = || parts.next().unwrap_or_default();
    let (text, bytes, bff, line) = (part(), part(), part(), part());
    let signer = match Signer::new(&line) {
        Ok(signer) => signer,
        Err(error) => {
            let error = error.to_string();
            assert_fit_for_a_log(&error, 1_000);
            assert!(line.len() < 40 || !error.contains(&*line), "{error}");
            return;
        }
    };
    assert_eq!(signer.to_string(), line);
    let signers = [signer];
    match prove(&text, bytes.as_bytes(), &bff, &signers) {
        Err(error) => assert_fit_for_a_log(&error.to_string(), 1_000 + 4 * bff.len()),
        Ok(signed) => {
            assert_eq!(signed.signer, signers[0].id().to_string());
            assert_eq!(check_comment(&signed.comment, &bff), Ok(()));
            assert!(text.contains(&signed.comment));
            for (bytes, bff) in [
                (format!("{bytes} "), bff.to_string()),
                (bytes.to_string(), format!("{bff}x")),
            ] {
                assert!(prove(&text, bytes.as_bytes(), &bff, &signers).is_err());
            }
            assert!(prove(&text, bytes.as_bytes(), &bff, &[]).is_err());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// An input that is refused at once would show nothing of what comes behind.
    #[test]
    fn some_inputs_of_the_corpus_are_proven() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/signature");
        for name in ["good", "crlf"] {
            let input = std::fs::read(corpus.join(name)).unwrap();
            let parts: Vec<&str> = input
                .splitn(4, |byte| *byte == 255)
                .map(|part| std::str::from_utf8(part).unwrap())
                .collect();
            let signers = [Signer::new(parts[3]).unwrap()];
            let signed = prove(parts[0], parts[1].as_bytes(), parts[2], &signers);
            assert_eq!(signed.unwrap().comment, "bff=watch commit=abc", "{name}");
        }
    }
}
