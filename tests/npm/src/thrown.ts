/** What a function throws, in words; what it returns is a mistake of the test. */
export async function thrown(run: () => unknown): Promise<string> {
  let value: unknown;
  try {
    value = await run();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : `no error: ${String(error)}`;
  }
  throw new Error(`nothing was thrown: ${JSON.stringify(value)}`);
}
