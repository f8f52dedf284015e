//! The log line of a panic.

/// Has panics logged from now on, as lines of level error with file and line: a component has no
/// standard error, so that they would be lost in a bare trap. [`export!`](crate::export) calls it
/// before the handler.
pub fn log_panics() {
    #[cfg(target_family = "wasm")]
    std::panic::set_hook(Box::new(|panic| crate::log::error(&panic.to_string(), &[])));
}

/// Exports a [`Handler`](crate::Handler) as the component's, and has its panics logged:
/// `#[cfg(target_family = "wasm")] tailor_kit::export!(Watch);`.
#[macro_export]
macro_rules! export {
    ($handler:ident) => {
        const _: () = {
            struct Logged;

            impl $crate::Handler for Logged {
                fn handle(request: $crate::Request) -> $crate::Response {
                    $crate::log_panics();
                    <$handler as $crate::Handler>::handle(request)
                }
            }

    $crate::bindings::export!(Logged with_types_in $crate::bindings);
        };
    };
}
