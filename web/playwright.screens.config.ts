// Pictures of the pages, `cargo xtask screens`.
import tests from "./playwright.config";

export default { ...tests, testDir: "screens", workers: 1 };
