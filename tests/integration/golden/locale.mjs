// Writes locale.json: what Node's Intl, with all of ICU's data, makes of dates, numbers and texts. Run in this folder, with a
// Node of the CLDR release that the host's data is of (`node -p process.versions.cldr`):
//
//     node locale.mjs > locale.json
//
// A case is [what, locale, options, value, text].
const LOCALES = ["de", "en-US", "en-GB", "fr", "es", "pt-BR", "ja", "zh-CN", "ar", "hi", "tr", "he"];
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata"];
// In winter and in summer of the north, and on the day when the clocks of Berlin go back.
const TIMES = [Date.UTC(2026, 0, 5, 15, 4, 9, 87), Date.UTC(2026, 6, 21, 22, 59, 0, 5), Date.UTC(2026, 9, 25, 1, 30, 0)];

const cases = [];
const add = (what, locale, options, value, text) => cases.push([what, locale, options, value, text]);

const DATES = [
  {},
  { dateStyle: "full" },
  { dateStyle: "long" },
  { dateStyle: "medium" },
  { dateStyle: "short" },
  { timeStyle: "short" },
  { timeStyle: "medium" },
  { timeStyle: "full" },
  { dateStyle: "medium", timeStyle: "short" },
  { dateStyle: "long", timeStyle: "long" },
  { dateStyle: "short", timeStyle: "short" },
  { year: "numeric", month: "2-digit", day: "2-digit" },
  { year: "numeric", month: "long", day: "numeric" },
  { year: "numeric", month: "short" },
  { month: "long", day: "numeric" },
  { month: "short", day: "numeric" },
  { weekday: "short", month: "short", day: "numeric" },
  { weekday: "long" },
  { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  { weekday: "short", hour: "numeric", minute: "2-digit" },
  { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
  { hour: "2-digit", minute: "2-digit" },
  { hour: "numeric" },
  { hour: "numeric", minute: "2-digit", hour12: true },
  { hour: "numeric", minute: "2-digit", hour12: false },
  { hour: "numeric", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 },
  { minute: "2-digit", second: "2-digit" },
  { hour: "numeric", minute: "2-digit", timeZoneName: "short" },
  { hour: "numeric", minute: "2-digit", timeZoneName: "longOffset" },
  { year: "2-digit", month: "numeric", day: "numeric" },
  { year: "numeric" },
  { month: "narrow" },
  { era: "short", year: "numeric", month: "long" },
];
DATES.forEach((options, index) => {
  LOCALES.forEach((locale, at) => {
    const given = { timeZone: ZONES[(index + at) % ZONES.length], ...options };
    const time = TIMES[(index + at) % TIMES.length];
    add("date", locale, given, time, new Intl.DateTimeFormat(locale, given).format(time));
  });
});

const NUMBERS = [
  [{}, 1234567.891],
  [{}, -0.5],
  [{ maximumFractionDigits: 0 }, 2.5],
  [{ minimumFractionDigits: 2 }, 1234],
  [{ maximumSignificantDigits: 3 }, 123456],
  [{ useGrouping: false }, 98765.4321],
  [{ signDisplay: "exceptZero" }, 12],
  [{ style: "percent" }, 0.256],
  [{ style: "percent", maximumFractionDigits: 1 }, -0.0567],
  [{ style: "currency", currency: "EUR" }, 1234.5],
  [{ style: "currency", currency: "USD" }, -9.99],
  [{ style: "currency", currency: "JPY" }, 1234.5],
  [{ style: "currency", currency: "BRL", currencyDisplay: "code" }, 12],
  [{ style: "currency", currency: "USD", currencyDisplay: "name" }, 2],
  [{ style: "currency", currency: "EUR", currencyDisplay: "narrowSymbol", maximumFractionDigits: 0 }, 70],
  [{ style: "unit", unit: "kilometer" }, 12.5],
  [{ style: "unit", unit: "kilogram", unitDisplay: "long" }, 1],
  [{ style: "unit", unit: "minute", unitDisplay: "long" }, 45],
  [{ style: "unit", unit: "hour", unitDisplay: "narrow" }, 8],
  [{ style: "unit", unit: "liter" }, 3],
  [{ style: "unit", unit: "celsius" }, -2.5],
  [{ style: "unit", unit: "celsius", unitDisplay: "long" }, 1],
  [{ style: "unit", unit: "kilometer-per-hour" }, 12.3],
  [{ style: "unit", unit: "kilometer-per-hour", unitDisplay: "long" }, 2],
  [{ style: "unit", unit: "mile-per-hour", unitDisplay: "narrow" }, 7],
  [{ style: "unit", unit: "percent" }, 40],
  [{ style: "unit", unit: "megabyte" }, 1200],
  [{ notation: "compact" }, 12345],
  [{ notation: "compact", compactDisplay: "long" }, 1234567],
  [{ notation: "compact" }, 999999],
];
for (const [options, value] of NUMBERS) {
  for (const locale of LOCALES) add("number", locale, options, value, new Intl.NumberFormat(locale, options).format(value));
}

const RELATIVE = [
  [{}, -3, "day"],
  [{}, 1, "hour"],
  [{ numeric: "auto" }, -1, "day"],
  [{ numeric: "auto" }, 0, "day"],
  [{ style: "short" }, 5, "month"],
  [{ style: "narrow" }, -2, "week"],
  [{}, -45, "second"],
];
for (const [options, value, unit] of RELATIVE) {
  for (const locale of LOCALES) {
    add("relative", locale, { ...options, unit }, value, new Intl.RelativeTimeFormat(locale, options).format(value, unit));
  }
}

const LISTS = [
  [{}, ["A", "B", "C"]],
  [{ type: "disjunction" }, ["A", "B"]],
  [{ type: "unit", style: "narrow" }, ["5 m", "3 cm"]],
];
for (const [options, items] of LISTS) {
  for (const locale of LOCALES) add("list", locale, options, items, new Intl.ListFormat(locale, options).format(items));
}

for (const locale of LOCALES) {
  for (const [type, value] of [["cardinal", 1], ["cardinal", 2], ["cardinal", 5], ["ordinal", 3]]) {
    add("plural", locale, { type }, value, new Intl.PluralRules(locale, { type }).select(value));
  }
}

const ORDERS = [
  [{}, ["z", "ä", "a", "B", "b", "A", "é", "e", "ß", "ss", "10", "2"]],
  [{ numeric: true }, ["item 10", "item 9", "Item 9", "item 1"]],
  [{ sensitivity: "base" }, ["b", "Á", "a", "ã", "A"]],
];
for (const [options, items] of ORDERS) {
  for (const locale of LOCALES) {
    add("sort", locale, options, items, [...items].sort(new Intl.Collator(locale, options).compare).join(" | "));
  }
}

const NAMES = [
  [{ type: "region" }, "JP"],
  [{ type: "region" }, "GB"],
  [{ type: "language" }, "pt-BR"],
  [{ type: "language", languageDisplay: "standard" }, "en-GB"],
  [{ type: "script" }, "Latn"],
  [{ type: "currency" }, "CHF"],
];
for (const [options, code] of NAMES) {
  for (const locale of LOCALES) add("name", locale, options, code, new Intl.DisplayNames(locale, options).of(code));
}

for (const [locale, text] of [["tr", "istanbul iı"], ["el", "Άνω Κάτω"], ["lt", "i̇"], ["de", "straße"]]) {
  add("upper", locale, {}, text, text.toLocaleUpperCase(locale));
}

process.stdout.write(`[\n${cases.map((each) => `  ${JSON.stringify(each)}`).join(",\n")}\n]\n`);
