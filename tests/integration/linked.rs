//! Components whose modules the build has linked beforehand: the same answers from one module.

use tailor::build::{FuseError, Fused, fuse};
use tailor_harness::components::{example, hostile};
use tailor_harness::{Offline, json};
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId};

/// A main module, its shim and what fills the shim: what `wit-component` makes of one core module
/// that imports anything.
const MODULES_OF_ONE: usize = 3;

/// A library as componentizers link it: memory, table and the places of its parts belong to another
/// module.
const LIBRARY: &str = r#"
(component
  (core module $main
    (memory (export "memory") 1)
    (table (export "table") 4 funcref)
    (global (export "memory_base") i32 (i32.const 256))
    (global (export "table_base") i32 (i32.const 2)))
  (core module $library
    (import "env" "memory" (memory 1))
    (import "env" "table" (table 1 funcref))
    (import "env" "memory_base" (global $memory i32))
    (import "env" "table_base" (global $table i32))
    (type $number (func (result i32)))
    (func $answer (type $number) (i32.load8_u offset=1 (global.get $memory)))
    (func (export "ask") (type $number) (call_indirect (type $number) (global.get $table)))
    (elem (global.get $table) func $answer)
    (data (global.get $memory) "\29\2a"))
  (core instance $m (instantiate $main))
  (core instance $l (instantiate $library (with "env" (instance $m))))
  (func (export "ask") (result u32) (canon lift (core func $l "ask"))))
"#;

/// An asynchronous handler as `tailor build` has one made: it returns after as many turns as it is
/// asked for, and answers with their number.
const TURNS: &str = r#"
(component
  (core func $return (canon task.return))
  (core module $m
    (import "" "return" (func $return))
    (memory (export "memory") 1)
    (global $left (mut i32) (i32.const 0))
    (global $taken (mut i32) (i32.const 0))
    (func $look
      (if (i32.eqz (global.get $left)) (then (call $return))))
    (func (export "start") (param i32) (result i32)
      (global.set $left (local.get 0))
      (call $look)
      (i32.const 0))
    (func (export "turn") (result i32)
      (global.set $left (i32.sub (global.get $left) (i32.const 1)))
      (global.set $taken (i32.add (global.get $taken) (i32.const 1)))
      (call $look)
      (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
    (func (export "finish") (result i32)
      (i32.store8 (i32.const 16) (i32.add (i32.const 48) (global.get $taken)))
      (i32.store (i32.const 8) (i32.const 16))
      (i32.store (i32.const 12) (i32.const 1))
      (i32.const 8))
    (func (export "post") (param i32)))
  (core instance $imports (export "return" (func $return)))
  (core instance $i (instantiate $m (with "" (instance $imports))))
  (func $start async (param "n" u32)
    (canon lift (core func $i "start") async (callback (core func $i "callback"))))
  (func $turn async
    (canon lift (core func $i "turn") async (callback (core func $i "callback"))))
  (func $finish (result string)
    (canon lift (core func $i "finish") (memory (core memory $i "memory")) (post-return (core func $i "post"))))
  (instance $turns
    (export "start" (func $start))
    (export "turn" (func $turn))
    (export "finish" (func $finish)))
  (export "tailor:engine/turns" (instance $turns)))
"#;

/// Two modules with an allocator each, of one `malloc`, that ask for more than the host has.
const SYSTEM: &str = r#"
(component
  (import "wasi:filesystem/preopens@0.2.0"
    (instance $fs (export "get-directories" (func (result (list u32))))))
  (import "wasi:cli/exit@0.2.0" (instance $cli (export "exit" (func (param "status" u32)))))
  (import "local:host/name@0.1.0" (instance $host (export "name" (func (result string)))))
  (core module $libc
    (memory (export "memory") 1)
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (core func $dirs (canon lower (func $fs "get-directories")
    (memory $memory) (realloc (core func $libc "cabi_realloc"))))
  (core func $name (canon lower (func $host "name")
    (memory $memory) (realloc (core func $libc "cabi_realloc"))))
  (core func $exit (canon lower (func $cli "exit")))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "libc" "malloc" (func $malloc (param i32) (result i32)))
    (import "host" "dirs" (func $dirs (param i32)))
    (import "host" "name" (func $name (param i32)))
    (import "host" "exit" (func $exit (param i32)))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (call $malloc (local.get 3)))
    ;; Where the name was put, and how many folders there are.
    (func (export "ask") (param i32 i32) (result i32)
      (i64.store (i32.const 8) (i64.const -1))
      (call $dirs (i32.const 8))
      (call $name (i32.const 24))
      (i32.add (i32.load (i32.const 24)) (i32.load (i32.const 12))))
    (func (export "end") (call $exit (i32.const 1))))
  (core instance $imports
    (export "dirs" (func $dirs))
    (export "name" (func $name))
    (export "exit" (func $exit)))
  (core instance $i (instantiate $m
    (with "libc" (instance $libc)) (with "host" (instance $imports))))
  (func (export "ask") (param "text" string) (result u32)
    (canon lift (core func $i "ask") (memory $memory) (realloc (core func $i "cabi_realloc"))))
  (func (export "end") (canon lift (core func $i "end"))))
"#;

const CONTRACT: &str = "package tailor:bff@0.1.1;
    interface handler { handle: func(n: u32) -> string; }
    world bff { export handler; }";

fn contract() -> (Resolve, WorldId) {
    let mut contract = Resolve::default();
    let package = contract.push_str("contract.wit", CONTRACT).unwrap();
    let world = contract.select_world(&[package], Some("bff")).unwrap();
    (contract, world)
}

/// Links a component that stays one of its own world.
fn linked(component: &[u8]) -> Result<Fused, FuseError> {
    let Ok(DecodedWasm::Component(resolve, world)) = wit_component::decode(component) else {
        panic!("it is no component");
    };
    fuse(component, &resolve, world)
}

#[test]
fn an_asynchronous_handler_becomes_the_one_of_the_contract() {
    let component = wat::parse_str(TURNS).unwrap();
    let (contract, world) = contract();
    let linked = fuse(&component, &contract, world).unwrap();
    assert!(!linked.engine);
    let engine = wasmtime::Engine::default();
    let component = wasmtime::component::Component::new(&engine, &linked.bytes).unwrap();
    let linker = wasmtime::component::Linker::new(&engine);
    for turns in [0, 1, 5] {
        let mut store = wasmtime::Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &component).unwrap();
        let (_, handler) = instance
            .get_export(&mut store, None, "tailor:bff/handler@0.1.1")
            .unwrap();
        let (_, handle) = instance
            .get_export(&mut store, Some(&handler), "handle")
            .unwrap();
        let handle = instance
            .get_typed_func::<(u32,), (String,)>(&mut store, handle)
            .unwrap();
        let answer = handle.call(&mut store, (turns,)).unwrap();
        assert_eq!(answer, (turns.to_string(),));
    }
}

#[test]
fn a_typescript_bff_is_linked_when_it_is_built() {
    let built = std::fs::read(example("partner").unwrap()).unwrap();
    assert_eq!(linked(&built).unwrap().modules, MODULES_OF_ONE);
}

#[tokio::test]
async fn a_linked_component_answers_what_it_did_before() {
    let component = std::fs::read(hostile().unwrap()).unwrap();
    let linked = linked(&component).unwrap().bytes;
    for bytes in [component, linked] {
        let offline = Offline::from_bytes(&bytes)
            .unwrap()
            .service("activity", |_| async { Ok(json("{}")) });
        let answer = offline.get("/").await.result.unwrap();
        assert_eq!(answer.status, 200);
        assert!(offline.get("/panic").await.result.is_err());
        let marked = offline.get("/leak?mark=7").await.result.unwrap();
        let again = offline.get("/leak?mark=8").await.result.unwrap();
        assert_eq!(marked.body, again.body);
    }
}

#[test]
fn places_of_a_library_become_plain_numbers() {
    let component = wat::parse_str(LIBRARY).unwrap();
    let linked = linked(&component).unwrap();
    assert_eq!(linked.modules, 2);
    assert!(!linked.engine, "it has no JavaScript engine");
    let engine = wasmtime::Engine::default();
    let component = wasmtime::component::Component::new(&engine, &linked.bytes).unwrap();
    let linker = wasmtime::component::Linker::new(&engine);
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &component).unwrap();
    let ask = instance
        .get_typed_func::<(), (u32,)>(&mut store, "ask")
        .unwrap();
    assert_eq!(ask.call(&mut store, ()).unwrap(), (42,));
}

#[test]
fn files_are_not_found_and_two_allocators_of_one_malloc_become_one() {
    let component = wat::parse_str(SYSTEM).unwrap();
    let linked = linked(&component).unwrap();
    assert_eq!(linked.modules, 2);
    let engine = wasmtime::Engine::default();
    let component = wasmtime::component::Component::new(&engine, &linked.bytes).unwrap();
    let imports = component.component_type();
    let imports: Vec<String> = imports
        .imports(&engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(imports, ["local:host/name@0.1.0"]);
    let mut linker = wasmtime::component::Linker::new(&engine);
    let mut host = linker.instance("local:host/name@0.1.0").unwrap();
    let name = |_: wasmtime::StoreContextMut<'_, ()>, (): ()| Ok(("ada".to_owned(),));
    host.func_wrap("name", name).unwrap();
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &component).unwrap();
    let ask = instance
        .get_typed_func::<(&str,), (u32,)>(&mut store, "ask")
        .unwrap();
    // The allocator is that of what is exported, and there is no folder.
    assert_eq!(ask.call(&mut store, ("x",)).unwrap(), (1024,));
    let end = instance
        .get_typed_func::<(), ()>(&mut store, "end")
        .unwrap();
    let ended = format!("{:?}", end.call(&mut store, ()).unwrap_err());
    assert!(ended.contains("unreachable"), "{ended}");

    let apart = SYSTEM.replace("(export \"malloc\")", "(export \"mine\")");
    let apart = apart.replace("\"libc\" \"malloc\"", "\"libc\" \"mine\"");
    let refused = self::linked(&wat::parse_str(apart).unwrap()).err();
    assert!(
        matches!(refused, Some(FuseError::Unsupported("several allocators"))),
        "{refused:?}"
    );
}

#[test]
fn what_can_not_be_linked_is_refused_with_the_reason() {
    let starts = r#"
        (component
          (core module $m
            (func $start) (start $start)
            (func (export "ask") (result i32) (i32.const 1)))
          (core instance $i (instantiate $m))
          (func (export "ask") (result u32) (canon lift (core func $i "ask"))))"#;
    let refused = linked(&wat::parse_str(starts).unwrap()).err();
    let Some(FuseError::Unsupported(what)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(what, "a start function");
    let (contract, world) = contract();
    let nothing = fuse(b"no component", &contract, world);
    assert!(matches!(nothing, Err(FuseError::Broken(_))));
}
