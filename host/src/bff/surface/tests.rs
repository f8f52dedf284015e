use super::*;

fn surface(imports: &[&str]) -> Surface {
    Surface {
        imports: imports.iter().map(ToString::to_string).collect(),
        exports: vec!["tailor:bff/handler@0.1.0".to_owned()],
        unlike: Vec::new(),
    }
}

#[test]
fn another_version_is_refused_with_both_named() {
    for (version, fits) in [
        ("0.1.0", true),
        ("0.1.1", true),
        ("0.1.2", false),
        ("0.2.0", false),
        ("1.1.0", false),
        ("x", false),
    ] {
        let import = format!("tailor:bff/runtime@{version}");
        let result = surface(&[&import]).check();
        assert_eq!(result.is_ok(), fits, "{version}");
        if let Err(error) = result {
            let text = error.to_string();
            assert!(
                text.contains(&import) && text.contains("tailor:bff@0.1.0 to 0.1.1"),
                "{text}"
            );
        }
    }
}

#[test]
fn the_version_is_that_of_the_contract() {
    let package = format!("package {CONTRACT}@{CONTRACT_VERSION};");
    assert!(crate::contract::WIT.contains(&package));
    assert!(fault::SERVED.ends_with(CONTRACT_VERSION));
}

#[test]
fn what_a_bff_may_not_have_is_refused_by_name() {
    for import in [
        "wasi:filesystem/types@0.2.6",
        "wasi:filesystem/preopens@0.2.0",
        "wasi:sockets/tcp@0.2.6",
        "wasi:cli/environment@0.2.6",
        "wasi:cli/exit@0.2.6",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:clocks/wall-clock@0.3.0",
        "wasi:clocks/timezone@0.2.0",
        "tailor:bff/secrets@0.1.1",
        "env",
        "my:own/thing",
    ] {
        let text = surface(&[import]).check().unwrap_err().to_string();
        assert!(text.contains(import), "{text}");
    }
    surface(&[
        "wasi:clocks/wall-clock@0.2.0",
        "wasi:random/random@0.2.6",
        "wasi:cli/stdout@0.2.3",
    ])
    .check()
    .unwrap();
}

#[test]
fn a_component_of_others_may_import_what_toolchains_want() {
    let mut others = surface(&[
        "wasi:http/types@0.2.0",
        "wasi:http/outgoing-handler@0.2.3",
        "wasi:cli/environment@0.2.0",
        "wasi:filesystem/preopens@0.2.6",
        "wasi:sockets/tcp@0.2.0",
        "tailor:bff/runtime@0.1.1",
    ]);
    assert!(others.check().is_err());
    others.exports = vec!["wasi:http/incoming-handler@0.2.3".to_owned()];
    others.check().unwrap();
    assert_eq!(others.contract(), Contract::WasiHttp);
    assert_eq!(others.wants(), Wants::WasiHttp);
    // One that is a BFF by the host's contract as well is that.
    others.exports.push("tailor:bff/handler@0.1.1".to_owned());
    others.check().unwrap();
    assert_eq!(others.contract(), Contract::Tailor);
    assert_eq!(others.wants(), Wants::WasiHttp);

    let foreign = [
        "wasi:keyvalue/store@0.2.0-draft2",
        "fermyon:spin/redis",
        "wasi:logging/logging",
        "wasi:http/types@0.3.0",
        "wasi:http/types@0.2.0-rc-2023-11-10",
    ];
    for import in foreign {
        others.imports = vec![import.to_owned()];
        let text = others.check().unwrap_err().to_string();
        assert!(text.contains(import), "{text}");
    }
    // What nobody gives, it may import as long as it does not use it.
    others.exports = vec!["wasi:http/incoming-handler@0.2.3".to_owned()];
    for import in foreign {
        others.imports = vec![import.to_owned(), "wasi:http/types@0.2.3".to_owned()];
        others.check().unwrap();
        assert_eq!(others.unlinked(), [import]);
    }
    for import in ["tailor:bff/secrets@0.1.1", "env"] {
        others.imports = vec![import.to_owned()];
        others.check().unwrap_err();
    }
    for export in [
        "wasi:http/incoming-handler@0.3.0",
        "wasi:http/incoming-handler@0.2.0-rc-2023-11-10",
        "wasi:http/handler@0.3.0",
    ] {
        let mut newer = surface(&[]);
        newer.exports = vec![export.to_owned()];
        let text = newer.check().unwrap_err().to_string();
        assert!(
            text.contains(export) && text.contains("wasi:http/incoming-handler@0.2"),
            "{text}"
        );
    }
}

#[test]
fn other_files_are_named_for_what_they_are() {
    for (bytes, word) in [
        (&b"hello"[..], "not a WebAssembly file"),
        (b"\0asm\x01\0\0\0", "core module"),
        (b"\0asm", "not valid"),
    ] {
        let text = Surface::read(bytes).unwrap_err().to_string();
        assert!(text.contains(word), "{text}");
    }
}
