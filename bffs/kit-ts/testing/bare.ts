/**
 * The engine of a component has the language and nothing else. While a handler runs in a test, what
 * Node offers besides is out of reach, so that a test fails where the component would. (tsc refuses
 * most of it; this is for what it cannot see.)
 */

const ABSENT = [
  "AbortController",
  "Buffer",
  "Intl",
  "TextDecoder",
  "TextEncoder",
  "URL",
  "URLSearchParams",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "performance",
  "process",
  "require",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "structuredClone",
];

/** Runs `task` with the engine's globals only and gives Node's back afterwards. */
export function inBareEngine<T>(task: () => T): T {
  const saved = ABSENT.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  const { Date: realDate, Math: math } = globalThis;
  const random = math.random;
  try {
    for (const [name, descriptor] of saved) if (descriptor?.configurable === true) Reflect.deleteProperty(globalThis, name);
    globalThis.Date = clockless(realDate);
    math.random = () => {
      throw new Error("Math.random gives every request the same numbers: its state is in the component's image");
    };
    return task();
  } finally {
    for (const [name, descriptor] of saved) if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    globalThis.Date = realDate;
    math.random = random;
  }
}

/** `Date` for given times only. */
function clockless(real: DateConstructor): DateConstructor {
  const refuse = (): never => {
    throw new Error("the engine has no clock: use nowMs()");
  };
  return new Proxy(real, {
    apply: refuse,
    construct: (target, given: unknown[]) => (given.length === 0 ? refuse() : Reflect.construct(target, given) as Date),
    get: (target, name): unknown => (name === "now" ? refuse : Reflect.get(target, name)),
  });
}
