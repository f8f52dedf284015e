//! When a stale answer may be used.

use super::{Host, answer, run};

#[test]
fn windows() {
    run(r#"
        RFC 5861 3 | stale-while-revalidate | cache-control: max-age=60, stale-while-revalidate=10 | after 69 | finds stale while
        RFC 5861 3 | stale-while-revalidate, over | cache-control: max-age=60, stale-while-revalidate=10 | after 70 | finds nothing
        RFC 5861 3 | stale-while-revalidate with age | cache-control: max-age=60, stale-while-revalidate=10 & age: 65 | after 4 | finds stale while
        RFC 5861 3 | stale-while-revalidate with age, over | cache-control: max-age=60, stale-while-revalidate=10 & age: 65 | after 5 | finds nothing
        RFC 5861 3 | an invalid window is none | cache-control: max-age=60, stale-while-revalidate=x | windows 10 0 | after 61 | finds nothing
        RFC 5861 3 | with s-maxage | cache-control: s-maxage=60, stale-while-revalidate=10 | after 69 | finds stale while
        RFC 5861 3 | with max-age=0 | cache-control: max-age=0, stale-while-revalidate=10 | after 9 | finds stale while
        RFC 5861 3 | with expires | expires: {+60} & cache-control: stale-while-revalidate=10 | after 69 | finds stale while
        RFC 5861 4 | stale-if-error | cache-control: max-age=60, stale-if-error=10 | after 69 | finds stale if error
        RFC 5861 4 | stale-if-error, over | cache-control: max-age=60, stale-if-error=10 | after 70 | finds nothing
        RFC 5861 4 | both | cache-control: max-age=60, stale-if-error=20, stale-while-revalidate=10 | after 69 | finds stale anyhow
        RFC 5861 4 | both, one over | cache-control: max-age=60, stale-if-error=20, stale-while-revalidate=10 | after 79 | finds stale if error
        RFC 5861 | the operator's windows | cache-control: max-age=60 | windows 10 20 | after 69 | finds stale anyhow
        RFC 5861 | the operator's windows, one over | cache-control: max-age=60 | windows 10 20 | after 70 | finds stale if error
        RFC 5861 | the operator's windows, over | cache-control: max-age=60 | windows 10 20 | after 80 | finds nothing
        RFC 5861 | the operator's windows after the operator's lifetime |  | ttl 60 | windows 10 20 | after 69 | finds stale anyhow
        RFC 5861 | what the answer says goes first, shorter | cache-control: max-age=60, stale-while-revalidate=0, stale-if-error=0 | windows 10 20 | after 61 | finds nothing
        RFC 5861 | what the answer says goes first, longer | cache-control: max-age=60, stale-if-error=90 | windows 10 20 | after 149 | finds stale if error
        4.2.4 | must-revalidate closes the operator's | cache-control: max-age=60, must-revalidate | windows 10 20 | after 61 | finds nothing
        4.2.4 | must-revalidate closes the answer's | cache-control: max-age=60, must-revalidate, stale-if-error=90, stale-while-revalidate=90 | after 61 | finds nothing
        4.2.4 | proxy-revalidate closes them | cache-control: max-age=60, proxy-revalidate, stale-if-error=90 | windows 10 20 | after 61 | finds nothing
        4.2.4 | no-cache closes them | cache-control: no-cache, stale-if-error=90 & etag: "a" | windows 10 20 | finds nothing
        4.2.4 | s-maxage closes the operator's | cache-control: s-maxage=60 | windows 10 20 | after 61 | finds nothing
        4.2.4 | no window, no use | cache-control: max-age=60 & etag: "a" | after 61 | finds nothing
        4.2.4 | expired on arrival | date: {+0} & expires: {-9} & etag: "a" | finds nothing
        5.2.1.1 | max-age of the request closes them | cache-control: max-age=60 | windows 10 20 | then cache-control: max-age=60 | after 61 | finds nothing
        5.2.1.3 | min-fresh of the request closes them | cache-control: max-age=60 | windows 10 20 | then cache-control: min-fresh=1 | after 61 | finds nothing
        "#);
}

#[test]
fn a_fault_does_not_take_the_place_of_an_answer() {
    let faults = [(429, ""), (500, ""), (502, ""), (503, ""), (504, "")];
    // How gRPC says that the service is not available.
    for (status, fields) in faults.into_iter().chain([(200, "grpc-status: 14")]) {
        let mut host = Host::new(None, (0, 600));
        host.call(
            "/",
            "",
            &answer(200, "cache-control: max-age=60", host.now, "good"),
        );
        host.wait(61);
        host.call("/", "", &answer(status, fields, host.now, "bad"));
        let stale = host.stale("/", "");
        assert!(stale.if_error);
        let hit = stale.hit(&Default::default(), host.now);
        assert_eq!(hit.answer.body, "good", "{status}");
        assert_eq!(hit.answer.headers["age"], "61");
        assert_eq!(hit.age.as_secs(), 61);
    }
}

#[test]
fn an_answer_that_is_not_stored_takes_the_place_of_an_older_one() {
    for (status, said) in [
        (200, "cache-control: no-store"),
        (404, ""),
        (401, ""),
        (410, ""),
    ] {
        let mut host = Host::new(None, (0, 600));
        host.call(
            "/",
            "",
            &answer(200, "cache-control: max-age=60", host.now, "old"),
        );
        host.wait(61);
        host.call("/", "", &answer(status, said, host.now, "new"));
        let found = host.look("/", "");
        assert!(
            matches!(found, super::CacheLookup::Miss(_)),
            "{status}: {found:?}"
        );
    }
}

#[test]
fn one_caller_refreshes() {
    let mut host = Host::new(Some(60), (60, 0));
    host.call("/", "", &answer(200, "", host.now, "old"));
    host.wait(61);
    let (first, second) = (host.stale("/", ""), host.stale("/", ""));
    let right = first.begin_refresh();
    assert!(right.is_some());
    assert!(second.begin_refresh().is_none());
    drop(right);
    assert!(second.begin_refresh().is_some());
}
