//! `tailor check`: everything that `serve` does before it binds.

use std::process::ExitCode;

use clap::Args;
use tailor::bff::compiler::CompileIn;
use tailor::{config, host};

use super::ConfigFile;
use super::output::Output;
use super::serve::unusable_files;

#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    file: ConfigFile,
}

impl Check {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let config = config::load(&self.file.config)?;
        host::files::raise_limit();
        let shortage = host::files::FileBudget::of(&config).shortage();
        let exposure = config.admin.as_ref().and_then(config::Admin::exposure);
        let unsendable = config.unsendable_answers();
        let unusable = unusable_files(&config.releases).await?;
        let (routes, services) = (config.routes.len(), config.downstreams.len());
        let changes = host::prepare(config, None, CompileIn::ChildProcess).await?;
        let snapshot = changes.shared().snapshot.load();
        let mut out = Output::default();
        for (name, bff) in &snapshot.bffs {
            let Some(version) = bff.current() else {
                continue;
            };
            let grants = match version.settings().downstreams.join(", ") {
                none if none.is_empty() => "nothing".to_owned(),
                grants => grants,
            };
            out.line(format_args!(
                "{name}: version {}, {} bytes, may call {grants}",
                version.name(),
                version.loaded().size
            ));
        }
        if let Some(shortage) = shortage {
            out.line(format_args!(
                "warning, with the limits of this shell: {shortage}"
            ));
        }
        for warning in exposure.into_iter().chain(unsendable).chain(unusable) {
            out.line(format_args!("warning: {warning}"));
        }
        out.line(format_args!(
            "ok: {} BFFs, {routes} routes, {services} downstreams",
            snapshot.bffs.len()
        ));
        out.end()?;
        Ok(ExitCode::SUCCESS)
    }
}
