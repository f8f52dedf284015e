/**
 * `error.stack` can be set to anything, as in Node. The engine takes texts alone, and packages that
 * make an error of what they were sent, such as superjson, set what may be `undefined`.
 */
export function looseStacks(): void {
  const own = Object.getOwnPropertyDescriptor(Error.prototype, "stack");
  const set = own?.set;
  if (own === undefined || set === undefined) return;
  Object.defineProperty(Error.prototype, "stack", {
    ...own,
    set(this: object, value: unknown) {
      if (typeof value === "string") Reflect.apply(set, this, [value]);
      else Object.defineProperty(this, "stack", { value, writable: true, configurable: true });
    },
  });
}
