/** `FormData` of the XMLHttpRequest Standard. */
import { Blob, File } from "./blob.ts";

export type FormDataEntryValue = File | string;

let entriesOf: (form: FormData) => readonly (readonly [string, FormDataEntryValue])[];

/** The pairs, in their order. */
export function formEntries(form: FormData): readonly (readonly [string, FormDataEntryValue])[] {
  return entriesOf(form);
}

export class FormData {
  #entries: [string, FormDataEntryValue][] = [];

  static {
    entriesOf = (form) => form.#entries;
  }

  constructor(form?: undefined) {
    if (form !== undefined) throw new TypeError("FormData: there are no forms of HTML here: leave the argument out");
  }

  append(name: string, value: string | Blob, filename?: string): void {
    this.#entries.push(entryOf("append", arguments.length, name, value, filename));
  }

  delete(name: string): void {
    const wanted = text(name);
    this.#entries = this.#entries.filter(([each]) => each !== wanted);
  }

  get(name: string): FormDataEntryValue | null {
    const wanted = text(name);
    return this.#entries.find(([each]) => each === wanted)?.[1] ?? null;
  }

  getAll(name: string): FormDataEntryValue[] {
    const wanted = text(name);
    return this.#entries.filter(([each]) => each === wanted).map(([, value]) => value);
  }

  has(name: string): boolean {
    const wanted = text(name);
    return this.#entries.some(([each]) => each === wanted);
  }

  set(name: string, value: string | Blob, filename?: string): void {
    const entry = entryOf("set", arguments.length, name, value, filename);
    const at = this.#entries.findIndex(([each]) => each === entry[0]);
    if (at < 0) {
      this.#entries.push(entry);
      return;
    }
    this.#entries[at] = entry;
    this.#entries = this.#entries.filter(([each], place) => place <= at || each !== entry[0]);
  }

  forEach(task: (value: FormDataEntryValue, name: string, form: FormData) => void, self?: unknown): void {
    if (typeof task !== "function") throw new TypeError("FormData.forEach: it takes a function");
    for (const [name, value] of this) Reflect.apply(task, self, [value, name, this]);
  }

  *entries(): Generator<[string, FormDataEntryValue], undefined, unknown> {
    for (let at = 0; ; at += 1) {
      const entry = this.#entries[at];
      if (entry === undefined) return;
      yield [entry[0], entry[1]];
    }
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): Generator<FormDataEntryValue, undefined, unknown> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[string, FormDataEntryValue], undefined, unknown> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "FormData";
  }
}

function entryOf(method: string, given: number, name: string, value: string | Blob, filename?: string): [string, FormDataEntryValue] {
  if (given < 2) throw new TypeError(`FormData.${method}: it needs a name and a value`);
  if (!(value instanceof Blob)) {
    if (given > 2) throw new TypeError(`FormData.${method}: only a Blob can have a file name`);
    return [text(name), text(value)];
  }
  if (value instanceof File && filename === undefined) return [text(name), value];
  const { lastModified } = value instanceof File ? value : {};
  return [text(name), new File([value], filename === undefined ? "blob" : filename, { type: value.type, lastModified })];
}

function text(value: string): string {
  return `${value}`.toWellFormed();
}
