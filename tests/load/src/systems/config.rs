//! The configuration that the host is measured with: the demo's, with free ports and with room for
//! all connections.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use toml::{Table, Value};

use super::Mock;

/// What a measured host needs beyond the demo's configuration.
pub(super) struct Places<'a> {
    pub(super) root: &'a Path,
    pub(super) noop: &'a Path,
    pub(super) data: PathBuf,
    pub(super) port: u16,
    pub(super) admin_port: u16,
}

/// The text of the configuration. `settings` are further keys, such as `engine.instances=1000`.
pub(super) fn text(
    places: &Places<'_>,
    mock: &Mock,
    settings: &[String],
) -> anyhow::Result<String> {
    let demo = places.root.join("bffs/tailor.toml");
    let text = std::fs::read_to_string(&demo).with_context(|| demo.display().to_string())?;
    let mut config: Table = text.parse().with_context(|| demo.display().to_string())?;
    let mut set = |key: &str, value: Value| put(&mut config, key, value);

    set("server.listen", format!("127.0.0.1:{}", places.port).into())?;
    set(
        "admin.listen",
        format!("127.0.0.1:{}", places.admin_port).into(),
    )?;
    set("engine.data-dir", shown(&places.data).into())?;
    for (service, url) in mock.urls() {
        set(&format!("downstream.{service}.url"), url.into())?;
    }
    for bff in ["watch", "dashboard", "partner"] {
        let component = format!("bffs/target/components/{bff}.wasm");
        let component = places.root.join(component);
        set(&format!("bff.{bff}.component"), shown(&component).into())?;
    }
    set("bff.noop.component", shown(places.noop).into())?;
    for bff in ["watch", "dashboard", "partner", "noop"] {
        // A closed loop with more connections than the demo lets one BFF run would measure
        // refusals.
        set(&format!("bff.{bff}.limits.concurrency"), 256.into())?;
        set(&format!("bff.{bff}.limits.queue"), 1024.into())?;
        set(&format!("bff.{bff}.limits.queue-timeout"), "800ms".into())?;
    }
    for setting in settings {
        let (key, value) = setting
            .split_once('=')
            .with_context(|| format!("{setting}: is not KEY=VALUE"))?;
        // A text needs no quotes on the command line.
        let value = format!("value = {value}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| value.into());
        set(key, value)?;
    }
    let route = toml::toml! {
        bff = "noop"
        path = "/noop"
    };
    match config.get_mut("route") {
        Some(Value::Array(routes)) => routes.push(Value::Table(route)),
        _ => bail!("{}: no routes", demo.display()),
    }
    Ok(toml::to_string(&config)?)
}

/// Sets the value of a dotted key.
fn put(table: &mut Table, key: &str, value: Value) -> anyhow::Result<()> {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
            Ok(())
        }
        Some((first, rest)) => {
            let inner = table
                .entry(first)
                .or_insert_with(|| Value::Table(Table::new()));
            let inner = inner.as_table_mut();
            put(
                inner.with_context(|| format!("{key}: {first} is no table"))?,
                rest,
                value,
            )
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dotted_key_reaches_into_tables_and_makes_them() {
        let mut table: Table = "[a]\nb = 1".parse().unwrap();
        put(&mut table, "a.b", 2.into()).unwrap();
        put(&mut table, "c.d.e", "x".into()).unwrap();
        assert_eq!(table["a"]["b"], 2.into());
        assert_eq!(table["c"]["d"]["e"], "x".into());
        assert!(put(&mut table, "a.b.c", 1.into()).is_err());
    }
}
