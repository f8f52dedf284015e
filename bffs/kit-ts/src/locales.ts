/**
 * The methods that depend on a locale. The engine has no locales: it would write American dates and
 * plain numbers whatever it is asked for, and compare texts by the numbers of their characters. So
 * they throw where a locale matters.
 */

const WRITES: readonly (readonly [prototype: object, methods: readonly string[]])[] = [
  [Date.prototype, ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]],
  [Number.prototype, ["toLocaleString"]],
  [BigInt.prototype, ["toLocaleString"]],
];

/**
 * Puts methods that throw where a locale matters into the place of these. `compare` is what
 * `localeCompare` does without.
 */
export function refuseLocales(compare?: (one: string, other: string) => number): () => void {
  const undo: (() => void)[] = [];
  const replace = (prototype: object, method: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(prototype, method) ?? {};
    Object.defineProperty(prototype, method, { value, writable: true, configurable: true });
    undo.push(() => Object.defineProperty(prototype, method, before));
  };
  for (const [prototype, methods] of WRITES) {
    for (const method of methods) replace(prototype, method, () => refuse(method));
  }
  const { localeCompare, toLocaleLowerCase, toLocaleUpperCase } = String.prototype;
  replace(String.prototype, "localeCompare", function (this: string, other: string, ...locales: unknown[]): number {
    if (isGiven(locales)) refuse("localeCompare with locales");
    return compare === undefined ? Reflect.apply(localeCompare, this, [other]) : compare(String(this), String(other));
  });
  replace(String.prototype, "toLocaleLowerCase", function (this: string, ...locales: unknown[]): string {
    return isGiven(locales) ? refuse("toLocaleLowerCase with locales") : Reflect.apply(toLocaleLowerCase, this, []);
  });
  replace(String.prototype, "toLocaleUpperCase", function (this: string, ...locales: unknown[]): string {
    return isGiven(locales) ? refuse("toLocaleUpperCase with locales") : Reflect.apply(toLocaleUpperCase, this, []);
  });
  return () => {
    for (const each of undo) each();
  };
}

function isGiven(locales: readonly unknown[]): boolean {
  return locales.some((each) => each !== undefined);
}

function refuse(what: string): never {
  throw new Error(`${what}: a component has no locales, so it could not be what you want: write the text yourself`);
}
