//! Which of several answers suits a request.

use super::{Host, answer, run};

const BY_LANGUAGE: &str = "cache-control: max-age=60\nvary: accept-language";

#[test]
fn selection() {
    run(r#"
        4.1 | the same value | cache-control: max-age=60 & vary: accept-language | asked accept-language: de | then accept-language: de
        4.1 | another value | cache-control: max-age=60 & vary: accept-language | asked accept-language: de | then accept-language: en | finds nothing
        4.1 | missing in the second | cache-control: max-age=60 & vary: accept-language | asked accept-language: de | finds nothing
        4.1 | missing in the first | cache-control: max-age=60 & vary: accept-language | then accept-language: de | finds nothing
        4.1 | missing in both | cache-control: max-age=60 & vary: accept-language
        4.1 | empty is not missing | cache-control: max-age=60 & vary: accept-language | asked accept-language: | finds nothing
        4.1 | missing is not empty | cache-control: max-age=60 & vary: accept-language | then accept-language: | finds nothing
        4.1 | names in capitals | cache-control: max-age=60 & vary: User-Agent | asked user-agent: a | then user-agent: a
        4.1 | names in capitals, another value | cache-control: max-age=60 & vary: User-Agent | asked user-agent: a | then user-agent: b | finds nothing
        4.1 | both the same | cache-control: max-age=60 & vary: accept-language, user-agent | asked accept-language: de & user-agent: a | then user-agent: a & accept-language: de
        4.1 | the first of two differs | cache-control: max-age=60 & vary: accept-language, user-agent | asked accept-language: de & user-agent: a | then accept-language: en & user-agent: a | finds nothing
        4.1 | the second of two differs | cache-control: max-age=60 & vary: accept-language, user-agent | asked accept-language: de & user-agent: a | then accept-language: de & user-agent: b | finds nothing
        4.1 | two vary fields | cache-control: max-age=60 & vary: accept & vary: user-agent | asked user-agent: a | then user-agent: b | finds nothing
        4.1 | white space in a list | cache-control: max-age=60 & vary: accept-language | asked accept-language: de, en | then accept-language: de,en
        4.1 | an empty member of a list | cache-control: max-age=60 & vary: accept-language | asked accept-language: de, en | then accept-language: de,, en,
        4.1 | a list in two fields | cache-control: max-age=60 & vary: accept-language | asked accept-language: de, en | then accept-language: de & accept-language: en
        4.1 | another order | cache-control: max-age=60 & vary: accept-language | asked accept-language: de, en | then accept-language: en, de | finds nothing
        4.1 | another weight | cache-control: max-age=60 & vary: accept-language | asked accept-language: de;q=1 | then accept-language: de;q=0.5 | finds nothing
        4.1 | white space in what is no list | cache-control: max-age=60 & vary: User-Agent | asked user-agent: a, b | then user-agent: a,b | finds nothing
        4.1 | other negotiation does not matter | cache-control: max-age=60 & vary: accept-language | asked accept: a | then accept: b
        4.1 | without vary negotiation does not matter | cache-control: max-age=60 | asked accept: a | then accept: b
        4.1 | a field that nobody sends | cache-control: max-age=60 & vary: x-nobody
        4.1 | * | cache-control: max-age=60 & vary: * | finds nothing
        4.1 | * in a list | cache-control: max-age=60 & vary: accept, * | finds nothing
        4.1 | * first in a list | cache-control: max-age=60 & vary: *, accept | finds nothing
        4.1 | * in a second field | cache-control: max-age=60 & vary: accept & vary: * | finds nothing
        4.1 | an empty vary | cache-control: max-age=60 & vary:
        "#);
}

#[test]
fn several_are_kept_and_the_newest_one_is_used() {
    let mut host = Host::new(None, (0, 0));
    let now = host.now;
    host.call(
        "/",
        "accept-language: de",
        &answer(200, BY_LANGUAGE, now, "de"),
    );
    host.call(
        "/",
        "accept-language: en",
        &answer(200, BY_LANGUAGE, now, "en"),
    );
    assert_eq!(host.fresh("/", "accept-language: de").unwrap(), "de");
    assert_eq!(host.fresh("/", "accept-language: en").unwrap(), "en");
    // Section 4.1: when more than one suits, the most recent is used.
    host.wait(1);
    let any = answer(200, "cache-control: max-age=60", host.now, "any");
    host.call("/", "accept-language: fr", &any);
    assert_eq!(host.fresh("/", "accept-language: de").unwrap(), "any");
}

#[test]
fn the_oldest_of_too_many_goes() {
    let mut host = Host::new(None, (0, 0));
    let languages = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    for language in languages {
        let request = format!("accept-language: {language}");
        host.call("/", &request, &answer(200, BY_LANGUAGE, host.now, language));
    }
    for language in languages {
        let found = host.fresh("/", &format!("accept-language: {language}"));
        assert_eq!(found.is_some(), language != "a", "{language}");
    }
}

#[test]
fn an_answer_that_only_the_operator_keeps_is_for_calls_of_the_same_forms() {
    let cases = [
        ("accept: text/plain", "accept: text/plain", true),
        ("accept: text/plain", "accept: application/json", false),
        ("accept: text/plain", "", false),
        ("", "accept: text/plain", false),
        ("accept-language: de", "accept-language: en", false),
        ("accept-encoding: gzip", "", false),
        ("user-agent: one", "user-agent: other", true),
    ];
    for (asked, then, found) in cases {
        let mut host = Host::new(Some(60), (0, 0));
        host.call("/", asked, &answer(200, "", host.now, ""));
        assert_eq!(host.fresh("/", then).is_some(), found, "{asked}, {then}");
        // What the service says itself goes first: how long, or what by.
        for said in ["cache-control: max-age=60", "vary: x-a"] {
            let mut host = Host::new(Some(60), (0, 0));
            host.call("/", asked, &answer(200, said, host.now, ""));
            assert!(host.fresh("/", then).is_some(), "{said}: {asked}, {then}");
        }
    }
}
