// Each route throws after a promise. A comment `@name` stands before what the log has to name for
// `/name`. What runs after an `await` was called by the engine itself, so its stack has the
// author's innermost call first, and those that led to it until the last `await`.
import { bff, get, send, getJson, number, type Response as Answer } from "@tailor/kit";
import { later, rejected, thrown } from "async-thrower";

type Any = any;

const nothing = (): Any => undefined;
const tick = (): Promise<void> => Promise.resolve();
const sleep = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));
const boom = (): never => { throw /*@call-after-await*/new Error("boom"); };
const call = getJson("heart", "/now", {}, number);

async function parts(of: Any): Promise<number> {
  await tick();
  return of./*@in-an-awaited-call*/length;
}

class Screen {
  async title(): Promise<string> {
    await tick();
    return nothing()./*@method*/title;
  }
  static async of(parts: Any): Promise<Screen> {
    await tick();
    parts./*@static-method*/push(1);
    return new Screen();
  }
}

async function* days(): AsyncGenerator<number> {
  yield 1;
  await tick();
  yield nothing()./*@for-await*/day;
}

/** Middleware, as routers of packages have it. */
type Next = () => Promise<unknown>;
async function timed(next: Next): Promise<unknown> {
  const given = await next();
  return [given, nothing()./*@middleware-after*/time];
}
async function guarded(next: Next): Promise<unknown> {
  await tick();
  if (nothing() === undefined) throw /*@middleware-before*/new TypeError("no user");
  return next();
}

const routes: Record<string, () => Promise<unknown>> = {
  "after-await": async () => {
    await tick();
    throw /*@after-await*/new Error("late");
  },
  "before-await": async () => {
    nothing()./*@before-await*/early();
    await tick();
  },
  "call-after-await": async () => {
    await tick();
    return /*@call-after-await 1*/boom();
  },
  "in-an-awaited-call": async () => await parts(undefined),
  "argument-after-await": async () => {
    const first = await tick();
    return Math.max(
      1,
      nothing()./*@argument-after-await*/y,
      Number(first),
    );
  },
  "member-of-await": async () => (
    (await (tick() as Promise<Any>))
      ./*@member-of-await*/steps
  ),
  "call-of-await": async () => (await Promise.resolve({} as Any))./*@call-of-await*/render(),
  template: async () => `a ${(await tick()) === undefined ? nothing()./*@template*/z : 1} b`,
  ternary: async () => (await tick()) === undefined ? nothing()./*@ternary*/w : 1,
  "promise-all": async () => Promise.all([
    tick(),
    (async () => {
      await tick();
      return nothing()./*@promise-all*/one;
    })(),
  ]),
  "promise-all-map": async () => Promise.all([1, 2].map(async (each) => {
    await tick();
    return nothing()./*@promise-all-map*/x + each;
  })),
  "promise-race": async () => Promise.race([
    sleep(50),
    sleep(1).then(() => nothing()./*@promise-race*/winner),
  ]),
  "promise-any": async () => {
    try {
      await Promise.any([Promise.reject(new Error("one"))]);
    } catch (thrown) {
      throw /*@promise-any*/new Error("none", { cause: thrown });
    }
  },
  "all-settled": async () => {
    const [one] = await Promise.allSettled([tick()]);
    return (one as Any).reason./*@all-settled*/message;
  },
  then: async () => tick().then(() => nothing()./*@then*/value),
  "then-chain": async () => tick()
    .then(() => 1)
    .then((n) => n + 1)
    .then((n) => nothing()./*@then-chain*/value + n),
  catch: async () => Promise.reject(new Error("first")).catch(() => { throw /*@catch*/new Error("second"); }),
  finally: async () => tick().finally(() => { nothing()./*@finally*/close(); }),
  "catch-after-await": async () => {
    try {
      await Promise.reject(new Error("first"));
    } catch {
      await tick();
      nothing()./*@catch-after-await*/recover();
    }
  },
  executor: async () => new Promise((_, reject) => {
    setTimeout(() => reject(/*@executor*/new Error("timer")), 1);
  }),
  "executor-throws": async () => new Promise(() => { throw /*@executor-throws*/new Error("at once"); }),
  timer: async () => {
    setTimeout(() => { nothing()./*@timer*/fire(); }, 1);
    await sleep(20);
  },
  microtask: async () => {
    queueMicrotask(() => { nothing()./*@microtask*/run(); });
    await sleep(5);
  },
  floating: async () => {
    void (async () => {
      await tick();
      throw /*@floating*/new Error("nobody waits for it");
    })();
    return sleep(5);
  },
  "for-await": async () => {
    for await (const day of days()) nothing.call(day);
  },
  "for-await-body": async () => {
    for await (const day of [tick(), tick()]) {
      nothing()./*@for-await-body*/add(day);
    }
  },
  method: async () => new Screen().title(),
  "static-method": async () => Screen.of(undefined),
  "object-method": async () => ({
    async read() {
      await tick();
      return nothing()./*@object-method*/read;
    },
  }).read(),
  "arrow-of-arrow": async () => {
    const outer = () => async () => { await tick(); return nothing()./*@arrow-of-arrow*/in; };
    return outer()();
  },
  "after-a-call": async () => {
    const outcome = await send(call);
    return (outcome as Any).value.first./*@after-a-call*/second;
  },
  "after-two-calls": async () => {
    const [one, other] = await Promise.all([send(call), send(call)]);
    return [one, (other as Any).value.first.
      /*@after-two-calls*/second];
  },
  "middleware-before": async () => guarded(tick),
  "middleware-after": async () => timed(tick),
  package: async () => thrown(1),
  "package-callback": async () => later(() => nothing()./*@package-callback*/given),
  "package-rejected": async () => {
    await rejected();
  },
  "fetch-refused": async () => /*@fetch-refused 1*/fetch("http://nowhere/now"),
  "fetch-after-await": async () => {
    await tick();
    return /*@fetch-after-await 1*/fetch("http://nowhere/now");
  },
  "timeout-signal": async () => new Promise((_, reject) => {
    const signal = AbortSignal./*@timeout-signal 1*/timeout(1);
    signal.addEventListener("abort", () => reject(signal.reason));
  }),
  "json-of-a-body": async () => {
    await tick();
    return new Response("{no")./*@json-of-a-body 1*/json();
  },
  destructuring: async () => {
    const { /*@destructuring*/heart: { bpm } } = await Promise.resolve({} as Any);
    return bpm;
  },
  "default-parameter": async () => {
    const read = async (at = nothing()./*@default-parameter*/at) => at;
    return read();
  },
};

export const handler = bff(
  Object.entries(routes).map(([name, run]) => get(`/${name}`, async (): Promise<Answer> => {
    await run();
    return { status: 200, headers: [], body: { tag: "none" } };
  })),
);
