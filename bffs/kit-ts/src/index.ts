/**
 * The kit of TypeScript BFFs: everything a BFF imports.
 *
 * It shapes requests, calls and answers, and must hold nothing that belongs to one frontend, nor
 * any rule of the business. It uses the language alone, because the engine offers nothing else.
 */
/// <reference path="./world.d.ts" />

export { bff, type Handler } from "./entry.ts";
export { get, route, type Params, type Route, type RouteHandler } from "./router.ts";
export { badParameter, date, integer, oneOf, optional, readQuery, required, text, type Kind, type Parameter } from "./query.ts";
export { fetchAll, getJson, path, withProfile, type JsonCall } from "./downstream.ts";
export { start, waitAny, type Started } from "./exchange.ts";
export { nothingArrived, unavailable, valueOrProblem, why, type Missing, type Outcome, type Reason } from "./missing.ts";
export { array, boolean, nullable, number, object, string, type Decoder } from "./json.ts";
export { json, jsonText } from "./answer.ts";
export { Problem, type ProblemOptions } from "./problem.ts";
export { duration, formatDate, parseDate, today } from "./dates.ts";
export { log } from "./log.ts";
export { config, elapsedMs, nowMs, randomBytes, timeLeftMs } from "./host.ts";
export type { Client, Headers, Method, Payload, Query, Request, Response } from "tailor:bff/types@0.1.1";
