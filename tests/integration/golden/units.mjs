// Writes host/src/locale/experimental/units/written.txt: the texts of units that the host's crates have no
// data of, by Node's Intl, with all of ICU's data. Run in this folder:
//
//     node units.mjs > ../../../host/src/locale/experimental/units/written.txt
//
// A line is `<locale> <unit>` and the long, the short and the narrow text, behind tabs: `{0} Bytes|one={0} Byte`. The form `other`
// comes first, and those that are otherwise behind it. `und` has what most languages have; a language has lines for what is
// otherwise there, and a region or script for what is otherwise than in its language.
const UNITS = [
  "bit", "byte", "celsius", "degree", "fahrenheit", "gigabit", "gigabyte", "kilobit", "kilobyte", "kilometer-per-hour",
  "liter-per-kilometer", "megabit", "megabyte", "meter-per-second", "mile-per-gallon", "mile-per-hour", "percent", "petabyte",
  "terabit", "terabyte",
];
const WIDTHS = ["long", "short", "narrow"];
const NUMBERS = [5, 0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 20, 21, 22, 100, 101, 102, 103, 1e6, 0.5, 1.5, 2.5];

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];
const pairs = LETTERS.flatMap((one) => LETTERS.map((other) => one + other));
const triples = pairs.flatMap((pair) => LETTERS.map((other) => pair + other));
const has = (tag) => Intl.NumberFormat.supportedLocalesOf(tag).length > 0;
// A tag is there with its language, so that only what ICU resolves to itself is a region of its own.
const own = (tag) => has(tag) && new Intl.NumberFormat(tag).resolvedOptions().locale === tag;
const languages = [...pairs, ...triples].filter(own);
const regions = [...pairs.map((pair) => pair.toUpperCase()), "001", "150", "419"];
const scripts = ["Adlm", "Arab", "Beng", "Cyrl", "Deva", "Guru", "Hans", "Hant", "Latn", "Mtei", "Olck", "Tfng", "Vaii"];

function texts(locale, unit, width) {
  const format = new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: width, useGrouping: false, numberingSystem: "latn" });
  const rules = new Intl.PluralRules(locale);
  const forms = new Map();
  for (const number of NUMBERS) {
    const form = rules.select(number);
    if (forms.has(form)) continue;
    const parts = format.formatToParts(number);
    const is = (part) => ["integer", "decimal", "fraction"].includes(part.type);
    const text = parts.map((part, at) => (!is(part) ? part.value : at === 0 || !is(parts[at - 1]) ? "{0}" : "")).join("");
    forms.set(form, text);
  }
  const other = forms.get("other") ?? forms.values().next().value;
  const others = [...forms].filter(([form, text]) => form !== "other" && text !== other).sort();
  return [other, ...others.map(([form, text]) => `${form}=${text}`)].join("|");
}

const of = (locale) => UNITS.map((unit) => WIDTHS.map((width) => texts(locale, unit, width)).join("\t"));
const all = languages.map((language) => [language, of(language)]);
const most = UNITS.map((_, at) => {
  const counts = new Map();
  for (const [, found] of all) counts.set(found[at], (counts.get(found[at]) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0][0];
});
const lines = [];
const add = (locale, found, usual) =>
  found.forEach((text, at) => {
    if (text !== usual[at]) lines.push(`${locale} ${UNITS[at]}\t${text}`);
  });
add("und", most, []);
for (const [language, found] of all) {
  add(language, found, most);
  for (const more of [...scripts, ...regions].map((part) => `${language}-${part}`).filter(own)) add(more, of(more), found);
}
process.stdout.write(`# By golden/units.mjs, from CLDR ${process.versions.cldr} (Unicode License V3).\n${lines.sort().join("\n")}\n`);
