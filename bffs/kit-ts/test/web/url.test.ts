/**
 * `URL` and `URLSearchParams`, as Node has them: parts of addresses in all combinations, setters,
 * and mutations. The cases are of the kinds of web-platform-tests' url/resources/urltestdata.json,
 * setters_tests.json and toascii.json, and of url/urlsearchparams-*.any.js.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Headers } from "../../src/web/headers.ts";
import * as search from "../../src/web/url-search-params.ts";
import { URL as KitURL } from "../../src/web/url.ts";
import { numbers, same } from "./same.ts";

const Kit = KitURL as unknown as typeof URL;
const KitParams = search.URLSearchParams as unknown as typeof URLSearchParams;

const PARTS = [
  "href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash",
] as const;

function parts(url: URL): string[] {
  return [...PARTS.map((part) => url[part]), String(url.searchParams), String(url), url.toJSON()];
}

const INPUTS = [
  "http://example.com", "HTTP://EXAMPLE.com:80/../x", "https://user:pa%20ss@example.com:8443/a/./b/../c?q=1&r=ä'\"<>#frag`<>", "http:example.com",
  "http:/example.com", "http:///example.com//a", "http:\\\\example.com\\a\\b?c\\d#e\\f", " \t http://exa\nmple.com/ \n", "//other/x", "/x/y", "x/y",
  "../up", "../../../up", "./", ".", "..", "", "?q", "#f", "?", "#", "x?y#z", "//", "///", "/", "/..//x", "/%2e%2E/x", "/.%2e/%2e./x", "/a/%2e",
  "http://", "http://?", "http://#", "http:", "https:x", "http://@/", "http://@x/", "http://a:b@/", "http://:@x", "http://a@b@c/", "http://a:b:c@d",
  "http://x:0", "http://x:65535", "http://x:65536", "http://x:00080", "http://x:80a", "http://x:", "http://:80", "http://x:-1", "https://x:443/",
  "ws://x:80", "wss://x:443", "ftp://x:21", "file:", "file:/", "file://", "file:///", "file:///C:/x", "file:C|/x", "file:///C|/../..", "file://C:/x",
  "file://host/p", "file://localhost/p", "file:a", "file:/C:/", "file:\\\\h\\p", "file:?q", "file:#f", "file:////x", "C|/x", "/C:/x", "C:/x", "C|", "file://h:80",
  "mailto:a@b.c?subject=x", "data:text/plain,hi there", "javascript:alert(1)", "foo:/bar", "foo://bar:80/x", "foo://", "foo:///x", "foo://@x", "foo:",
  "foo:/..//p", "foo:/.//p", "foo://a b/", "foo://ho%20st", "foo://[::1]:9/", "foo://user@h", "foo:\\bar", "foo:a/../b", "foo:#x", "web+demo:/.//not-a-host/",
  "blob:https://a.example/x", "blob:foo", "blob:http://x:80/", "non-special:..", "a:b", "1:b", "a+b.c-d:x", "+:x",
  "http://[::1]", "http://[1:2:3:4:5:6:7:8]/", "http://[::ffff:1.2.3.4]", "http://[1::8]", "http://[0:0:1:0:0:0:0:1]", "http://[1:0:1:0:1:0:1:0]",
  "http://[::1", "http://[]", "http://[:::]", "http://[1:2]", "http://[1:2:3:4:5:6:7:8:9]", "http://[::1.2.3]", "http://[::01.2.3.4]", "http://[12345::]",
  "http://[::1]a", "http://[::%31]", "http://[1::2::3]", "http://[:1]", "http://[1:]", "http://[1:2:3:4:5:6:1.2.3.4]", "http://[::1.2.3.4:5]",
  "http://1.2.3.4", "http://1.2.3", "http://1", "http://0x7f.1", "http://0300.0250.1", "http://256.1.1.1", "http://1.2.3.4.5", "http://4294967295",
  "http://4294967296", "http://0x", "http://08", "http://1.2.3.4.", "http://a.1", "http://a.0x1", "http://1.2.3.08", "http://.", "http://..", "http://a..b",
  "http://1.2.3.4..", "http://256", "http://0xffffffff1", "http://99999999999999999999", "http://a.09", "http://1..2",
  "http://münchen.de/ä?ö#ü", "http://ÜBER.example", "http://日本語.jp", "http://a。b", "http://fass.ＤＥ", "http://ex%41mple.com", "http://%C3%BC.de",
  "http://a b", "http://a%b", "http://a%00b", "http://a<b", "http://a^b", "http://a|b", "http://a_b", "http://a%2fb", "http://so\u00adft.de", "http://\u00ad",
  "http://faß.de", "http://☕.example", "http://😀.example/😀", "http://a\u0301.example", "http://\u0301a", "http://ab\u200bc.de", "http://xn--mnchen-3ya.de",
  "http://x/\ud800", "http://x/?\ud800#\udc00", "http://x/%", "http://x/%zz%4", "http://x/a|bc`d{e}", "http://x/?a|b^c`d{e}'", "http://x/\0\x01\x7f\x80",
  "foo:/?'\"", "foo:a\0b\x7f ä", "http://x/?q=%23%26&b=+", "http://u\ud800:p\ud800@x", "http://u;=[]|^\\@x", "http://x/a;b=c@d:e",
];
const BASES = [undefined, "http://base.example:81/a/b/c?d#e", "https://u:p@h/", "file:///C:/d/e?f", "file://host/d/e", "mailto:x", "foo://h/a/b?c", "foo:/a/b/c", "about:blank"];

/**
 * What the URL of Node 20 does otherwise than the standard of today: see "as the standard has it".
 */
function isOld({ input, base = "" }: Addressed): boolean {
  if (/^(mailto|about):/.test(base) && input.indexOf("#") > 0) return true;
  const [, scheme = ""] = /^\s*([a-z][a-z0-9+.-]*):/i.exec(input.replace(/[\t\n\r]/g, "")) ?? /^(\w+):/.exec(base) ?? [];
  if (/\.|%2e/i.test(input) && !/^(https?|wss?|ftp|file)$/i.test(scheme)) return true;
  return /^[a-z+.-]+:[^/].* [?#]|xn--|\^|["{}`]@|^[^?#]*\/\/[^/?#]*["`{}]/i.test(input);
}

interface Addressed {
  readonly input: string;
  readonly base: string | undefined;
}

test("addresses are what Node makes of them, with and without a base", () => {
  const cases = INPUTS.flatMap((input) => BASES.map((base) => ({ input, base }))).filter((one) => !isOld(one));
  const of = (Url: typeof URL) => (one: Addressed) => parts(new Url(one.input, one.base));
  same(cases, of(Kit), of(URL));
  const can = (Url: typeof URL) => (one: Addressed) => Url.canParse(one.input, one.base);
  same(cases, can(Kit), can(URL));
});

test("mutations of addresses, too", () => {
  const random = numbers(3);
  const pieces = [..."/\\?#:@.[]%| a1~Z&=+;,'\"<>`{}-_\t", "..", "%2e", "//", "::", "0x", "ä", "C:", "http:", "file:", "foo:", "\ud83d\ude00", "localhost", "80"];
  const cases = Array.from({ length: 6_000 }, () => {
    let input = INPUTS[random(INPUTS.length)] ?? "";
    for (let count = 0; count <= random(4); count += 1) {
      const at = random(input.length + 1);
      input = `${input.slice(0, at)}${pieces[random(pieces.length)]}${input.slice(at + random(3))}`;
    }
    return { input, base: BASES[random(BASES.length)] };
  }).filter((one) => !isOld(one));
  const of = (Url: typeof URL) => (one: Addressed) => parts(new Url(one.input, one.base));
  same(cases, of(Kit), of(URL));
});

test("setters change what Node's change", () => {
  const urls = [
    "http://u:p@h.example:81/a/b?c#d", "https://h/", "file:///p", "file://h/p", "mailto:a@b", "foo://h:1/p", "foo://h", "foo:/p", "foo://", "ws://h/", "http://[::1]/",
    "data:x", "foo:///p",
  ];
  const values = [
    "", "x", "y:", "http", "https:", "file", "foo", "ws:", "FTP://x", "1x", "h2:99", "h2:99x", "h2:", ":80", "80", "443", "65536", "0080", "9a", "a9", "/x/y", "x/../y",
    "//x", "..", "\\x", "?q", "??q", "#f", "##f", "a b", "ä", "%zz", "a@b", "a:b", "[::2]", "[::", "1.2", "0x7f.1", "h/p", "h?q", "h#f", "h\\p", "\t\nx", " x ", "localhost", "'\"<>`",
    "a?b#c", "C|/x", "foo@", "x\ud800", "80\t", "%41.com", "a%b", "日本",
  ];
  const cases = urls.flatMap((url) => PARTS.filter((part) => part !== "origin").flatMap((part) => values.map((value) => ({ url, part, value }))))
    // Node 20 takes a port away where there is no number.
    .filter((one) => one.part !== "port" || /^[\d\s]|^$/.test(one.value))
    // And it reads some hosts and paths otherwise where the scheme is not special.
    .filter((one) => !one.url.startsWith("foo:") || (!one.part.startsWith("host") && one.value !== ".."));
  const of = (Url: typeof URL) => (one: { url: string; part: Exclude<(typeof PARTS)[number], "origin">; value: string }) => {
    const url = new Url(one.url);
    const { searchParams } = url;
    url[one.part] = one.value;
    return [...parts(url), String(searchParams), searchParams === url.searchParams];
  };
  same(cases as { url: string; part: "href"; value: string }[], of(Kit), of(URL));
});

test("what Node 20 does as the standard was before, is as the standard has it today", () => {
  assert.equal(new Kit("..", "foo:/a").href, "foo:/");
  assert.throws(() => new Kit("x#f", "mailto:x"));
  assert.equal(`${new KitParams(null as unknown as string)}`, "null=");
  const other = new Kit("foo://h:1/p");
  other.host = ":80";
  assert.equal(other.href, "foo://h:1/p");
  other.host = "h2:99";
  assert.equal(other.href, "foo://h2:99/p");
  other.pathname = "..";
  assert.equal(other.href, "foo://h2:99/");
  const empty = new Kit("foo:/p");
  empty.host = "";
  assert.equal(empty.href, "foo:///p");
  const url = new Kit("http://h:81/");
  url.port = "a9";
  assert.equal(url.port, "81");
  assert.equal(new Kit("http://h/a^b").href, "http://h/a%5Eb");
  assert.equal(new Kit("data:a  #b").href, "data:a %20#b");
  assert.equal(new Kit("http://xn--0.com/").hostname, "xn--0.com");
  assert.equal(new Kit("http://a`{}.b/").hostname, "a`{}.b");
  assert.equal(KitURL.parse("/x"), null);
  assert.equal(KitURL.parse("/x", "http://h")?.href, "http://h/x");
  assert.throws(() => KitURL.createObjectURL(), { name: "NotSupportedError" });
  assert.equal(Object.prototype.toString.call(new Kit("a:b")), "[object URL]");
  assert.equal(JSON.stringify({ url: new Kit("http://h") }), '{"url":"http://h/"}');
});

test("the parameters of a URL and the URL follow each other", () => {
  same([0], () => linked(Kit), () => linked(URL));
  function linked(Url: typeof URL): unknown {
    const url = new Url("http://h/?a=1&a=2&b=%20x+y&c");
    const { searchParams } = url;
    const steps: unknown[] = [[...searchParams], searchParams.size];
    searchParams.append("d", "ä&=+");
    steps.push(url.href);
    searchParams.delete("a", "1");
    steps.push(url.search, searchParams.has("a"), searchParams.has("a", "1"));
    searchParams.set("b", "~'()*!");
    steps.push(url.search);
    url.search = "?z=1&y=2";
    steps.push([...searchParams]);
    searchParams.sort();
    steps.push(url.href);
    url.href = "http://other/?k=v";
    steps.push(searchParams.get("k"));
    searchParams.delete("k");
    steps.push(url.href);
    url.search = "a=%zz&b=%";
    steps.push([...searchParams], url.href, searchParams === url.searchParams);
    return steps;
  }
});

test("parameters are made of whatever the standard takes, and refuse the rest", () => {
  const inits: unknown[] = [
    undefined, "", "?", "??a", "?a=b&c=d&&=&=x&e", "a=b=c", "a+b=%20%2B", "%F0%9F%98%80=%ff%fe&\ufeff=%EF%BB%BFx", "a=%", "\ud800=1", { a: "1", b: 2 },
    { "\ud800": "1" }, [["a", "b"], ["a", "c"]], [["a"]], [["a", "b", "c"]], ["ab"], [1], new Map([["x", "y"]]), new URLSearchParams("q=1"), 7, true, [], {}, { [Symbol("x")]: "y" },
    new Set([["s", "t"]]), (function* () { yield ["g", "h"]; })(), { a: undefined, b: null }, [[]], () => 1, Symbol("no"),
  ];
  const of = (Params: typeof URLSearchParams) => (init: unknown) => {
    // A generator can be used once.
    const given = typeof init === "object" && init !== null && "next" in init ? new Map([["g", "h"]]) : init;
    const params = new Params(given as string);
    return [String(params), [...params], params.size];
  };
  same(inits, of(KitParams), of(URLSearchParams));
});

test("parameters and headers with an iterator of their own are read by it", () => {
  const own = { *[Symbol.iterator]() { yield ["a", "b"] as [string, string]; } };
  assert.equal(`${new search.URLSearchParams(Object.assign(new search.URLSearchParams("x=y"), own) as search.URLSearchParams)}`, "a=b");
  assert.deepEqual([...new Headers(Object.assign(new Headers({ x: "y" }), own) as Headers)], [["a", "b"]]);
});

test("parameters are read, changed, sorted and walked through as Node's are", () => {
  const of = (Params: typeof URLSearchParams) => (task: (params: URLSearchParams) => unknown) => {
    const params = new Params("b=1&a=2&b=3&\uffff=4&\ud83d\ude00=5&a=0");
    return [task(params), [...params], String(params)];
  };
  const tasks: ((params: URLSearchParams) => unknown)[] = [
    (params) => [params.get("b"), params.get("none"), params.getAll("b"), params.getAll("none"), params.has("b"), params.has("b", "3"), params.has("b", "9")],
    (params) => params.sort(),
    (params) => params.set("b", "new"),
    (params) => params.set("fresh", "x"),
    (params) => params.delete("b"),
    (params) => params.delete("b", "1"),
    (params) => params.delete("b", undefined),
    (params) => [...params.keys(), ...params.values(), ...params.entries()],
    (params) => {
      const seen: unknown[] = [];
      params.forEach((value, name, all) => seen.push(value, name, all === params));
      return seen;
    },
    (params) => {
      const seen: unknown[] = [];
      for (const [name] of params) {
        seen.push(name);
        params.delete(name);
      }
      return seen;
    },
    (params) => (params.append as (name: string) => void)("x"),
    (params) => (params.get as unknown as () => void)(),
    (params) => params.forEach(undefined as unknown as () => void),
    (params) => Object.prototype.toString.call(params),
    (params) => params.append("all", Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("")),
  ];
  same(tasks, of(KitParams), of(URLSearchParams));
});

test("domains in other scripts are those of Node", () => {
  const domains = [
    "bücher.example", "BÜCHER.example", "παράδειγμα.δοκιμή", "пример.испытание", "उदाहरण.परीक्षा", "예제.테스트", "例え.テスト", "例子.测试", "مثال.إختبار", "דוגמה.טעסט",
    "ｗｗｗ.ｅｘａｍｐｌｅ.ｃｏｍ", "ℌ.example", "ﬁ.example", "Ⅷ.example", "a.b。c．d", "İ.example", "ſ.example", "K.example", "Å.example", "x²", "½.de", "ö-ä-ü",
    "-ä-", "ä_b", "a\u2025b", "\u{1f600}", "\u{10ffff}", "a\ue000", "\ufdd0", "a\u202e", "ä%", "ä<",
  ];
  same(domains, (domain) => new Kit(`http://${domain}/`).hostname, (domain) => new URL(`http://${domain}/`).hostname);
});
