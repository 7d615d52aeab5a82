//! Requests of the tray icon.

/// What a person can ask the icon for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// The pages.
    Open,
    /// The end of the app.
    Quit,
}
