/**
 * Module-level code runs once, when a component is built, where there is no host: a call of it
 * would end the build without a word, and what the engine has instead would be in every answer. So
 * whatever needs the host asks here first.
 */
let inBundle = false;

/**
 * The modules of a bundle begin to run. Its last statement, which sets the table of lines, says
 * that they have.
 */
export function beginModules(): void {
  inBundle = true;
}

/** Whether module-level code runs: there is no host then. */
export function isModuleLevel(): boolean {
  return inBundle && (globalThis as { tailorLines?: unknown }).tailorLines === undefined;
}

/** Throws at module level. `name` is what was called. */
export function needHost(name: string): void {
  if (isModuleLevel()) {
    throw new Error(`${name} at module level, which runs when the component is built: call it in a handler`);
  }
}
