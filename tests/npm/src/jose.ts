import {
  base64url,
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  FlattenedSign,
  generateSecret,
  importJWK,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { thrown } from "./thrown.ts";

const SECRET = new TextEncoder().encode("a secret of thirty-two bytes, at least");

/** Tokens with HMAC, their claims by the fixture's clock, thumbprints, and what is refused. */
export async function tokens(): Promise<unknown> {
  const signed = await Promise.all(
    ["HS256", "HS384", "HS512"].map((alg) =>
      new SignJWT({ role: "runner", city: "Köln" })
        .setProtectedHeader({ alg, typ: "JWT" })
        .setSubject("ada")
        .setIssuer("tailor")
        .setAudience(["watch", "phone"])
        .setIssuedAt()
        .setNotBefore("-1 minute")
        .setExpirationTime("2h")
        .setJti("1")
        .sign(SECRET.length < 64 && alg === "HS512" ? new Uint8Array(64).fill(7) : alg === "HS384" ? new Uint8Array(48).fill(7) : SECRET),
    ),
  );
  const [token = ""] = signed;
  const old = await new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setExpirationTime("-1 day").sign(SECRET);
  const jwk = { kty: "oct", k: base64url.encode(SECRET), alg: "HS256" };
  const key = await importJWK(jwk);
  const flat = await new FlattenedSign(new TextEncoder().encode("payload"))
    .setProtectedHeader({ alg: "HS256" })
    .setUnprotectedHeader({ kid: "7" })
    .sign(SECRET);
  const generated = await generateSecret("HS256");
  return {
    signed,
    verified: await jwtVerify(token, key, {
      issuer: "tailor",
      audience: "phone",
      subject: "ada",
      maxTokenAge: "1h",
      requiredClaims: ["jti"],
    }).then(({ payload, protectedHeader }) => [payload, protectedHeader]),
    decoded: [decodeJwt(token), decodeProtectedHeader(token)],
    thrown: [
      await thrown(() => jwtVerify(old, SECRET)),
      await thrown(() => jwtVerify(`${token}x`, SECRET)),
      await thrown(() => jwtVerify(token, SECRET, { audience: "tv" })),
      await thrown(() => jwtVerify(token, SECRET, { algorithms: ["HS512"] })),
      await thrown(() => jwtVerify(token, SECRET, { currentDate: new Date(0) })),
      await thrown(() => jwtVerify("no token", SECRET)),
      await thrown(() =>
        new SignJWT({})
          .setProtectedHeader({ alg: "HS256" })
          .sign(new Uint8Array(8))
          .then((short) => jwtVerify(short, SECRET)),
      ),
    ],
    codes: await jwtVerify(old, SECRET).catch((error: unknown) =>
      error instanceof errors.JWTExpired ? [error.code, error.claim, error.reason] : "?",
    ),
    thumbprints: [await calculateJwkThumbprint(jwk), await calculateJwkThumbprint(jwk, "sha512")],
    flat,
    unsecured: [new UnsecuredJWT({ a: 1 }).setIssuedAt().encode(), UnsecuredJWT.decode(new UnsecuredJWT({ a: 1 }).encode()).payload],
    generated: generated instanceof Uint8Array ? "bytes" : [generated.type, generated.extractable, generated.algorithm],
    base64: [base64url.encode("Köln?>"), new TextDecoder().decode(base64url.decode("S8O2bG4_Pg"))],
  };
}
