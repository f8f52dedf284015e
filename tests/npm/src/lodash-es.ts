import {
  camelCase,
  chunk,
  cloneDeep,
  curry,
  deburr,
  defer,
  delay,
  difference,
  escape,
  fill,
  filter,
  flattenDeep,
  flow,
  get,
  groupBy,
  intersectionBy,
  isEqual,
  kebabCase,
  keyBy,
  map,
  mapValues,
  memoize,
  merge,
  mergeWith,
  omit,
  orderBy,
  padStart,
  partition,
  pick,
  range,
  set,
  shuffle,
  snakeCase,
  sortBy,
  startCase,
  sumBy,
  template,
  throttle,
  truncate,
  uniqBy,
  unset,
  upperFirst,
  words,
  zipObject,
} from "lodash-es";

const DAYS = [
  { day: "2026-01-13", steps: 8423, kind: "walk", at: { city: "Köln" } },
  { day: "2026-01-14", steps: 12_005, kind: "run", at: { city: "Zürich" } },
  { day: "2026-01-15", steps: 310, kind: "walk", at: { city: "Köln" } },
];

/** Collections, objects, texts, functions, and those that wait. */
export async function lodash(): Promise<unknown> {
  const counted: number[] = [];
  delay((value: number) => counted.push(value), 3, 2);
  defer((value: number) => counted.push(value), 1);
  const paced = throttle((value: number) => counted.push(value), 30, { trailing: false });
  paced(0);
  paced.cancel();
  await new Promise((go) => setTimeout(go, 20));
  const copy = cloneDeep({ at: new Date(0), map: new Map([["a", new Set([1])]]), bytes: new Uint8Array([1, 2]), pattern: /a/gi });
  return {
    lists: [
      chunk(range(7), 3),
      flattenDeep([1, [2, [3, [4]]]]),
      difference([1, 2, 3], [2]),
      uniqBy(DAYS, "at.city").length,
      partition(DAYS, ({ steps }) => steps > 1000),
      intersectionBy([1.2, 2.3], [2.9], Math.floor),
      fill(Array(3), "x"),
    ],
    tables: [
      groupBy(DAYS, "kind"),
      keyBy(DAYS, "day"),
      mapValues(groupBy(DAYS, "at.city"), (days) => sumBy(days, "steps")),
      orderBy(DAYS, ["kind", "steps"], ["asc", "desc"]).map(({ steps }) => steps),
      zipObject(["a", "b"], [1, 2]),
    ],
    objects: [
      get(DAYS, "[1].at.city"),
      get(DAYS, ["9", "x"], "none"),
      set({}, "a.b[0].c", 1),
      unset({ a: { b: 1 } }, "a.b"),
      merge({ a: { b: 1 }, l: [1, 2] }, { a: { c: 2 }, l: [9] }),
      mergeWith({ a: [1] }, { a: [2] }, (one: number[], other: number[]) => [...one, ...other]),
      pick(DAYS[0], ["day", "at.city"]),
      omit(DAYS[0], ["at"]),
    ],
    copies: [isEqual(copy, cloneDeep(copy)), copy.at, [...(copy.map.get("a") ?? [])], Array.from(copy.bytes), String(copy.pattern)],
    texts: [
      camelCase("--foo bar-baz--"),
      kebabCase("fooBarBaz"),
      snakeCase("Foo Bar2"),
      startCase("fooBar"),
      upperFirst("straße"),
      deburr("déjà vu Ærø"),
      words("fred, barney & pebbles"),
      truncate("hi-diddly-ho there, neighborino", { length: 24, separator: " " }),
      padStart("7", 3, "0"),
      escape("<a & 'b'>"),
    ],
    template: template("<% days.forEach(({ day, steps }) => { %><li><%- day %>: ${ steps }</li><% }) %>")({ days: DAYS }),
    joined: flow(
      (days: typeof DAYS) => filter(days, { kind: "walk" }),
      (days) => map(days, "steps"),
      (steps) => sortBy(steps).reverse(),
    )(DAYS),
    functions: [curry((a: number, b: number, c: number) => a + b * c)(1)(2)(3), memoize((n: number) => n * 2)(4), counted],
    shuffled: shuffle(range(10)),
  };
}
