//! An interface of another platform, which toolchains import whether it is used or not.

wit_bindgen::generate!({
    inline: "
        package platform:key-value@2.0.0;

        interface store {
            enum error { missing, refused }
            resource bucket {
                open: static func(name: string) -> result<bucket, error>;
                get: func(key: string) -> option<list<u8>>;
            }
        }

        world app {
            import store;
        }
    ",
});

use platform::key_value::store::Bucket;

/// Uses it.
pub(crate) fn value() -> String {
    let bucket = Bucket::open("default");
    let value = bucket.map(|bucket| bucket.get("key"));
    format!("{value:?}")
}
