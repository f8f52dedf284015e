//! How long an answer is fresh.

use super::run;

#[test]
fn lifetimes() {
    run(r#"
        4.2.1 | max-age | cache-control: max-age=60 | after 59
        4.2 | an age equal to the lifetime is not fresh | cache-control: max-age=60 | after 60 | finds nothing
        5.2.2.1 | max-age=0 | cache-control: max-age=0 & etag: "a" | finds nothing
        4.2.1 | s-maxage goes before max-age, longer | cache-control: max-age=1, s-maxage=60 | after 30
        4.2.1 | s-maxage goes before max-age, shorter | cache-control: s-maxage=1, max-age=60 | after 30 | finds nothing
        4.2.1 | s-maxage goes before expires | cache-control: s-maxage=60 & expires: {-60} | after 30
        4.2.1 | max-age goes before expires, longer | cache-control: max-age=60 & expires: {-60} | after 30
        4.2.1 | max-age goes before expires, shorter | cache-control: max-age=1 & expires: {+60} | after 30 | finds nothing
        4.2.1 | an invalid max-age goes before expires | cache-control: max-age=x & expires: {+60} | finds nothing
        4.2.1 | expires | date: {+0} & expires: {+60} | after 59
        4.2.1 | expires passed | date: {+0} & expires: {+60} | after 60 | finds nothing
        4.2.1 | expires without date | expires: {+60} | after 59
        4.2.1 | expires with an invalid date | date: today & expires: {+60} | after 59
        4.2.1 | expires is counted from date | date: {-50} & expires: {+10} | after 9
        4.2.1 | expires is counted from date, too late | date: {-50} & expires: {+10} | after 10 | finds nothing
        4.2.1 | a date ahead of ours does not lengthen expires | date: {+100} & expires: {+110} | after 10 | finds nothing
        5.3 | expires in the past | date: {+0} & expires: {-1} | finds nothing
        5.3 | expires at the date | date: {+0} & expires: {+0} | finds nothing
        5.3 | expires: 0 | expires: 0 | finds nothing
        5.3 | expires: -1 | expires: -1 | finds nothing
        5.3 | expires that is no date | expires: tomorrow | finds nothing
        5.3 | expires with another time zone | expires: Fri, 01 Jan 2027 00:00:00 AEST | finds nothing
        5.3 | expires with an hour of one digit | expires: Fri, 01 Jan 2027 1:00:00 GMT | finds nothing
        4.2.1 | several expires that differ | expires: {+60} & expires: {+600} | finds nothing
        4.2.1 | the same expires twice | expires: {+60} & expires: {+60} | after 59
        4.2 | expires in small letters | expires: fri, 01 jan 2027 00:00:00 gmt | after 60
        4.2 | expires in capitals | expires: FRI, 01 JAN 2027 00:00:00 GMT | after 60
        4.2 | expires in the form of RFC 850, in capitals | expires: FRIDAY, 01-JAN-27 00:00:00 GMT | after 60
        4.2 | expires in the form of asctime, in small letters | expires: fri jan  1 00:00:00 2027 | after 60
        4.2 | expires in UTC | expires: Fri, 01 Jan 2027 00:00:00 UTC | after 60
        4.2 | a date in small letters is an age | cache-control: max-age=60 & date: wed, 31 dec 2025 23:59:10 gmt | after 10 | finds nothing
        RFC 9110 5.6.7 | expires in the form of RFC 850 | expires: Friday, 01-Jan-27 00:00:00 GMT | after 60
        RFC 9110 5.6.7 | expires in the form of asctime | expires: Fri Jan  1 00:00:00 2027 | after 60
        4.2.2 | no heuristics from last-modified | last-modified: {-1000000} | finds nothing
        4.2.2 | no heuristics from public | cache-control: public & last-modified: {-1000000} | finds nothing
        "#);
}

#[test]
fn ages() {
    run(r#"
        4.2.3 | age counts | cache-control: max-age=60 & age: 30 | after 29
        4.2.3 | age counts, too old | cache-control: max-age=60 & age: 30 | after 30 | finds nothing
        4.2.3 | age beyond the lifetime | cache-control: max-age=60 & age: 7200 | finds nothing
        4.2.3 | age counts for expires | date: {+0} & expires: {+60} & age: 50 | after 10 | finds nothing
        4.2.3 | an old date is an age | cache-control: max-age=60 & date: {-50} | after 9
        4.2.3 | an old date is an age, too old | cache-control: max-age=60 & date: {-50} | after 10 | finds nothing
        4.2.3 | the larger of age and date counts | cache-control: max-age=60 & date: {-10} & age: 50 | after 10 | finds nothing
        4.2.3 | a date ahead of ours is no age | cache-control: max-age=60 & date: {+1000} | after 59
        4.2.3 | an invalid date is none | cache-control: max-age=60 & date: Thu, 1 Jan 2015 | after 59
        4.2.3 | the time that the call took is an age | cache-control: max-age=60 & age: 0 | took 20 | after 39
        4.2.3 | the time that the call took is an age, too old | cache-control: max-age=60 | took 20 | after 40 | finds nothing
        5.1 | age that is no number | cache-control: max-age=60 & age: abc | after 59
        5.1 | negative age | cache-control: max-age=60 & age: -7200 | after 59
        5.1 | age with a fraction | cache-control: max-age=60 & age: 7200.0 | after 59
        5.1 | of several ages the first counts | cache-control: max-age=60 & age: 0 & age: 7200 | after 59
        5.1 | of several ages the first counts, old | cache-control: max-age=60 & age: 7200, 0 | finds nothing
        1.2.2 | an age past all numbers | cache-control: max-age=60 & age: 18446744073709551615 | after 5 | finds nothing
        1.2.2 | an age with more digits than a number has | cache-control: max-age=60 & age: 99999999999999999999999 | finds nothing
        "#);
}

#[test]
fn syntax_of_cache_control() {
    run(r#"
        5.2 | directives in capitals | cache-control: MAX-AGE=60 | after 59
        5.2 | no-store in capitals | cache-control: max-age=60, No-Store | finds nothing
        5.2 | private in capitals | cache-control: max-age=60, Private | finds nothing
        5.2 | a quoted number | cache-control: max-age="60" | after 59
        5.2 | a number in single quotes | cache-control: max-age='60' | finds nothing
        5.2 | spaces at the comma | cache-control:   public ,max-age=60 ,  x | after 59
        5.2 | a space before = | cache-control: max-age =60 | finds nothing
        5.2 | a space after = | cache-control: max-age= 60 | finds nothing
        5.2 | empty members | cache-control: ,, max-age=60,, | after 59
        5.2 | several fields | cache-control: public & cache-control: max-age=60 | after 59
        5.2 | several fields, no-store in the second | cache-control: max-age=60 & cache-control: no-store | finds nothing
        5.2.3 | unknown directives | cache-control: foo, max-age=60, bar=baz | after 59
        5.2.3 | a quoted list that looks like a directive | cache-control: max-age=60, foo="a, no-store, b" | after 59
        5.2.3 | a quoted list that looks like a lifetime | cache-control: foo="a, max-age=60, b" | finds nothing
        5.2.3 | an escaped quote | cache-control: foo="\", no-store", max-age=60 | after 59
        5.2.3 | a name that begins like a directive | cache-control: no-storey, max-age=60 | after 59
        5.2 | a quoted string without end | cache-control: max-age=60, foo="bar | finds nothing
        4.2.1 | max-age twice alike | cache-control: max-age=60, max-age=60 | after 59
        4.2.1 | max-age twice, different | cache-control: max-age=60, max-age=600 | finds nothing
        4.2.1 | max-age twice, different, in two fields | cache-control: max-age=60 & cache-control: max-age=600 | finds nothing
        4.2.1 | max-age without value | cache-control: max-age | finds nothing
        4.2.1 | max-age with an empty value | cache-control: max-age= | finds nothing
        4.2.1 | max-age that is no number | cache-control: max-age=a60 | finds nothing
        4.2.1 | max-age with something after it | cache-control: max-age=60a | finds nothing
        4.2.1 | negative max-age | cache-control: max-age=-60 | finds nothing
        4.2.1 | max-age with a fraction | cache-control: max-age=60.5 | finds nothing
        1.2.2 | max-age of 2 to the 31st | cache-control: max-age=2147483648 | after 86400
        1.2.2 | max-age past all numbers | cache-control: max-age=99999999999999999999 | after 86400
        5.2 | max-age with leading zeros | cache-control: max-age=0060 | after 59
        "#);
}

#[test]
fn lifetime_of_the_operator() {
    run(r#"
        4.2.2 | an answer that says nothing | content-type: text/plain | ttl 60 | after 59
        4.2.2 | an answer that says nothing, later |  | ttl 60 | after 60 | finds nothing
        4.2.2 | an answer that says only public | cache-control: public | ttl 60 | after 59
        4.2.3 | its age counts | age: 30 | ttl 60 | after 30 | finds nothing
        4.2.1 | what the answer says goes first, shorter | cache-control: max-age=1 | ttl 60 | after 1 | finds nothing
        4.2.1 | what the answer says goes first, longer | cache-control: max-age=90 | ttl 60 | after 89
        4.2.1 | an invalid lifetime is one | cache-control: max-age=x | ttl 60 | finds nothing
        5.3 | expires is one | expires: 0 | ttl 60 | finds nothing
        5.2.2.5 | not for no-store | cache-control: no-store | ttl 60 | finds nothing
        5.2.2.4 | not for no-cache | cache-control: no-cache | ttl 60 | finds nothing
        5.2.2.7 | not for private | cache-control: private | ttl 60 | finds nothing
        5.4 | not for pragma: no-cache | pragma: no-cache | ttl 60 | finds nothing
        3 | not for a status that is not cacheable by itself |  | status 302 | ttl 60 | finds nothing
        3 | not for a fault |  | status 500 | ttl 60 | finds nothing
        3 | not for 404 |  | status 404 | ttl 60 | finds nothing
        3 | for 404 by a lifetime of its own |  | status 404 | ttl 60 | negative 10 | after 9
        3 | for 404 by a lifetime of its own, later |  | status 404 | ttl 60 | negative 10 | after 10 | finds nothing
        3 | a lifetime for 404 is none for 200 |  | negative 60 | finds nothing
        3 | what a 404 says goes first | cache-control: max-age=60 | status 404 | negative 10 | after 59
        3 | not for a fault, by any lifetime |  | status 503 | ttl 60 | negative 60 | finds nothing
        3 | not for a 400 |  | status 400 | negative 60 | finds nothing
        3 | for 410 |  | status 410 | negative 60 | after 59
        3.5 | for a call with credentials |  | asked authorization: a | then authorization: a | ttl 60 | after 59
        "#);
}
