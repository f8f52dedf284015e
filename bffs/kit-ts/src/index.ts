/**
 * The kit of TypeScript BFFs: everything a BFF imports.
 *
 * It shapes requests, calls and answers, and must hold nothing that belongs to one frontend, nor
 * any rule of the business. It uses the language alone, because the engine offers nothing else.
 */
/// <reference path="./world.d.ts" />

export { bff, type Handler } from "./entry.ts";
export { get, patch, post, put, route, type Params, type Route, type RouteHandler } from "./router.ts";
export { badParameter, date, integer, oneOf, optional, readQuery, required, text, type Kind, type Parameter } from "./query.ts";
export { badField, header, readBytes, readForm, readJson, readText } from "./body.ts";
export { fetchAll, getJson, path, readDocument, withProfile, type JsonCall } from "./downstream.ts";
export { deleteJson, patchJson, postJson, putJson, type WriteOptions } from "./write.ts";
export { send, start, waitAny, type Started } from "./exchange.ts";
export { nothingArrived, unavailable, valueOrProblem, why, type Missing, type Outcome, type Reason } from "./missing.ts";
export { columns, type Columns } from "./columns.ts";
export { rowWriter, tabulated, type Cell, type Table, type Tabulated } from "./row-writer.ts";
export { array, boolean, DecodeError, nothing, nullable, number, object, string, type Decoder } from "./json.ts";
export { json, jsonText } from "./answer.ts";
export type { App, Env, ExecutionContext } from "./web-app.ts";
export type { TailorInit } from "./web-fetch.ts";
export { handBack } from "./hand-back.ts";
export { Problem, type ProblemOptions } from "./problem.ts";
export { duration, formatDate, parseDate, today } from "./dates.ts";
export { log } from "./log.ts";
export { config, elapsedMs, nowMs, randomBytes, timeLeftMs } from "./host.ts";
export type { Client, Headers, Method, Payload, Query, Request, Response } from "tailor:bff/types@0.1.1";
export type { Reply } from "tailor:bff/downstream@0.1.1";
