// Bodies of the loopback server that are not the engine's: how a browser is recognised, and errors of
// requests that do not reach the engine. Made from the Rust types of crates/mnm/src/serve by
// `cargo xtask types`: change those, not this file.

/** Step 2: `POST /api/browser/enter`. */
export interface Enter {
  /** The app's random bytes, which say what is answered. */
  nonce: string;
  /** That the browser has the key. */
  proof: string;
  /** Of the address that opened this page; it is used up. */
  token?: string | null;
}

/** The answer to `Hello`. */
export interface Greeting {
  /** The app's random bytes. */
  nonce: string;
  /** That the app has the key. */
  proof: string;
}

/** Step 1: `POST /api/browser/hello`. Bytes are base64url without padding, here and below. */
export interface Hello {
  /** The number it was given when it was let in. */
  browser: number;
  /** The browser's random bytes. */
  nonce: string;
}

/** The answer to `Enter` and `Register`: the secrets of one page, good until the app ends. */
export interface Pass {
  /** The browser's number. */
  browser: number;
  /** For the header of requests. */
  page: string;
  /** For addresses of attachments, which the browser fetches by itself. */
  files: string;
  /** Which build of the pages the app has. */
  pages: string;
}

/** Step 3: `POST /api/browser/register`. */
export interface Register {
  /** Of the address that opened this page; it is used up. */
  token: string;
  /** The key of the browser from now on. */
  key: string;
  /** What the browser calls itself; at most 200 bytes. */
  label: string;
}

/** The error of a request that this server does not take to the engine. */
export interface RequestError {
  /** For programs. */
  code: RequestErrorCode;
  /** For people. */
  message: string;
}

/** Kinds of `RequestError`. */
export type RequestErrorCode =
  /** It is not what can be asked here, or broken off. */
  | "malformed"
  /** The body is too large. */
  | "too_large"
  /** Whoever asks may not. */
  | "refused"
  /** The browser was not let in, or is shut out. */
  | "unknown_browser"
  /** A fault of this program or its system. */
  | "internal";
