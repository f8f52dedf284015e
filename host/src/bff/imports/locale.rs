//! The interface `locale`. Its functions answer at once, on the guest's own CPU time.

use super::super::state::StoreData;
use crate::locale::contract::{
    CollationOptions, DateOptions, Error, Host, LetterCase, ListOptions, NameOptions,
    NumberOptions, Part, PluralCategory, PluralOptions, RelativeOptions, RelativeUnit, ValueKind,
    Zone,
};
use crate::locale::{self, Caller, guard};

/// What a function gives its guest. None of them ends the instance.
type Given<T> = wasmtime::Result<Result<T, Error>>;

impl StoreData {
    fn caller(&self) -> Caller<'_> {
        Caller {
            bff: &self.settings.name,
            formatters: self.settings.limits.formatters,
        }
    }
}

impl Host for StoreData {
    fn format_date(&mut self, at_ms: i64, options: DateOptions) -> Given<String> {
        let caller = self.caller();
        Ok(guard(|| locale::format_date(caller, at_ms, options)))
    }

    fn date_parts(&mut self, at_ms: i64, options: DateOptions) -> Given<Vec<Part>> {
        let caller = self.caller();
        Ok(guard(|| locale::date_parts(caller, at_ms, options)))
    }

    fn resolve_date(&mut self, options: DateOptions) -> Given<DateOptions> {
        let caller = self.caller();
        Ok(guard(|| locale::resolve_date(caller, options)))
    }

    fn zone_at(&mut self, time_zone: String, at_ms: i64) -> Given<Zone> {
        Ok(guard(|| locale::zone_at(&time_zone, at_ms)))
    }

    fn format_number(&mut self, value: String, options: NumberOptions) -> Given<String> {
        let caller = self.caller();
        Ok(guard(|| locale::format_number(caller, &value, options)))
    }

    fn number_parts(&mut self, value: String, options: NumberOptions) -> Given<Vec<Part>> {
        let caller = self.caller();
        Ok(guard(|| locale::number_parts(caller, &value, options)))
    }

    fn resolve_number(&mut self, options: NumberOptions) -> Given<NumberOptions> {
        let caller = self.caller();
        Ok(guard(|| locale::resolve_number(caller, options)))
    }

    fn select_plural(&mut self, value: String, options: PluralOptions) -> Given<PluralCategory> {
        let caller = self.caller();
        Ok(guard(|| locale::select_plural(caller, &value, options)))
    }

    fn plural_categories(&mut self, options: PluralOptions) -> Given<Vec<PluralCategory>> {
        let caller = self.caller();
        Ok(guard(|| locale::plural_categories(caller, options)))
    }

    fn format_relative(
        &mut self,
        value: String,
        of: RelativeUnit,
        options: RelativeOptions,
    ) -> Given<String> {
        let caller = self.caller();
        Ok(guard(|| {
            locale::format_relative(caller, &value, of, options)
        }))
    }

    fn relative_parts(
        &mut self,
        value: String,
        of: RelativeUnit,
        options: RelativeOptions,
    ) -> Given<Vec<Part>> {
        let caller = self.caller();
        Ok(guard(|| {
            locale::relative_parts(caller, &value, of, options)
        }))
    }

    fn format_list(&mut self, items: Vec<String>, options: ListOptions) -> Given<String> {
        let caller = self.caller();
        Ok(guard(|| locale::format_list(caller, &items, options)))
    }

    fn list_parts(&mut self, items: Vec<String>, options: ListOptions) -> Given<Vec<Part>> {
        let caller = self.caller();
        Ok(guard(|| locale::list_parts(caller, &items, options)))
    }

    fn compare(&mut self, one: String, other: String, options: CollationOptions) -> Given<i8> {
        let caller = self.caller();
        Ok(guard(|| locale::compare(caller, &one, &other, options)))
    }

    fn sort(&mut self, items: Vec<String>, options: CollationOptions) -> Given<Vec<u32>> {
        let caller = self.caller();
        Ok(guard(|| locale::sort(caller, &items, options)))
    }

    fn display_name(&mut self, code: String, options: NameOptions) -> Given<Option<String>> {
        Ok(guard(|| locale::display_name(&code, &options)))
    }

    fn change_case(&mut self, text: String, to: LetterCase, locales: Vec<String>) -> Given<String> {
        Ok(guard(|| locale::change_case(&text, to, &locales)))
    }

    fn canonical_locales(&mut self, locales: Vec<String>) -> Given<Vec<String>> {
        Ok(guard(|| locale::canonical_locales(&locales)))
    }

    fn supported_locales(&mut self, locales: Vec<String>) -> Given<Vec<String>> {
        Ok(guard(|| locale::supported_locales(&locales)))
    }

    fn supported_values(&mut self, kind: ValueKind) -> wasmtime::Result<Vec<String>> {
        Ok(locale::supported_values(kind))
    }
}
