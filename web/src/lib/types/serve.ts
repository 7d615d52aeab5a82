// Bodies of the loopback server that are not the engine's: how a browser is recognised, and errors of
// requests that do not reach the engine. Made from the Rust types of crates/mnm/src/serve by
// `cargo xtask types`: change those, not this file.

/** Step 2: `POST /api/browser/enter`. */
export interface Enter {
  /** The app's random bytes, which identify the challenge. */
  nonce: string;
  /** Proves that the browser has the key. */
  proof: string;
  /** Opening token of the address of this page; it is consumed. */
  token?: string | null;
}

/** The answer to `Hello`. */
export interface Greeting {
  /** The app's random bytes. */
  nonce: string;
  /** Proves that the app has the key. */
  proof: string;
}

/** Step 1: `POST /api/browser/hello`. Bytes are base64url without padding, here and below. */
export interface Hello {
  /** Its number from pairing. */
  browser: number;
  /** The browser's random bytes. */
  nonce: string;
}

/** The answer to `Enter` and `Register`: the secrets of one page, valid until the app ends. */
export interface Pass {
  /** The browser's number. */
  browser: number;
  /** For the header of requests. */
  page: string;
  /** For addresses of attachments, which the browser fetches by itself. */
  files: string;
  /** Build of the app's pages. */
  pages: string;
}

/** Step 3: `POST /api/browser/register`. */
export interface Register {
  /** Opening token of the address of this page; it is consumed. */
  token: string;
  /** The new key of the browser. */
  key: string;
  /** Label of the browser; at most 200 bytes. */
  label: string;
}

/** The error of a request that is not passed to the engine. */
export interface RequestError {
  /** For programs. */
  code: RequestErrorCode;
  /** For people. */
  message: string;
}

/** Kinds of `RequestError`. */
export type RequestErrorCode =
  /** The request is invalid or was cut off. */
  | "malformed"
  /** The body is too large. */
  | "too_large"
  /** The caller has no permission. */
  | "refused"
  /** The browser is not paired, or was revoked. */
  | "unknown_browser"
  /** A fault of this program or the system. */
  | "internal";
