//! Units of measure: `5 km`, `5 kilometers`.

mod written;

use icu_experimental::dimension::provider::units::categorized_display_names as data;
use icu_experimental::dimension::provider::units::display_names::UnitsDisplayNames;
use icu_experimental::provider::Baked;
use icu_locale::Locale;
use icu_pattern::PatternItem;
use icu_plurals::{PluralOperands, PluralRules};
use icu_provider::marker::ErasedMarker;
use icu_provider::prelude::*;

use super::super::contract::{Error, Width};
use super::super::{Outcome, unsupported};
use super::{Piece, Template, request, unknown_unit};

/// What a unit measures, by which its names are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Area,
    Duration,
    Length,
    Mass,
    Volume,
}

/// The units that the crate has names of.
const KINDS: [(&str, Kind); 30] = [
    ("acre", Kind::Area),
    ("centimeter", Kind::Length),
    ("day", Kind::Duration),
    ("fluid-ounce", Kind::Volume),
    ("foot", Kind::Length),
    ("gallon", Kind::Volume),
    ("gram", Kind::Mass),
    ("hectare", Kind::Area),
    ("hour", Kind::Duration),
    ("inch", Kind::Length),
    ("kilogram", Kind::Mass),
    ("kilometer", Kind::Length),
    ("liter", Kind::Volume),
    ("meter", Kind::Length),
    ("microsecond", Kind::Duration),
    ("mile", Kind::Length),
    ("mile-scandinavian", Kind::Length),
    ("milliliter", Kind::Volume),
    ("millimeter", Kind::Length),
    ("millisecond", Kind::Duration),
    ("minute", Kind::Duration),
    ("month", Kind::Duration),
    ("nanosecond", Kind::Duration),
    ("ounce", Kind::Mass),
    ("pound", Kind::Mass),
    ("second", Kind::Duration),
    ("stone", Kind::Mass),
    ("week", Kind::Duration),
    ("yard", Kind::Length),
    ("year", Kind::Duration),
];

/// The names of the units that there are texts for, in the order of their letters. Those of two
/// units are not among them, as in browsers.
pub(in super::super) fn names() -> Vec<String> {
    let written = written::names().filter(|unit| !unit.contains("-per-"));
    let mut names: Vec<String> = KINDS
        .iter()
        .map(|(unit, _)| *unit)
        .chain(written)
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

/// A unit's name, whose form goes with the number.
#[derive(Debug)]
pub(in super::super) enum Unit {
    Names(DataPayload<ErasedMarker<UnitsDisplayNames<'static>>>),
    Written(written::Texts),
}

impl Unit {
    pub(in super::super) fn new(locale: &Locale, unit: &str, width: Width) -> Outcome<Self> {
        let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == unit) else {
            let texts = written::texts(locale, unit, width);
            return texts.map(Self::Written).ok_or_else(|| without_texts(unit));
        };
        let width = match width {
            Width::Long => "long",
            Width::Short => "short",
            Width::Narrow => "narrow",
        };
        let id = format!("{width}-{unit}");
        let names = match kind {
            Kind::Area => any_of::<
                data::UnitsNamesAreaCoreV1,
                data::UnitsNamesAreaExtendedV1,
                data::UnitsNamesAreaOutlierV1,
            >(locale, &id),
            Kind::Duration => any_of::<
                data::UnitsNamesDurationCoreV1,
                data::UnitsNamesDurationExtendedV1,
                data::UnitsNamesDurationOutlierV1,
            >(locale, &id),
            Kind::Length => any_of::<
                data::UnitsNamesLengthCoreV1,
                data::UnitsNamesLengthExtendedV1,
                data::UnitsNamesLengthOutlierV1,
            >(locale, &id),
            Kind::Mass => any_of::<
                data::UnitsNamesMassCoreV1,
                data::UnitsNamesMassExtendedV1,
                data::UnitsNamesMassOutlierV1,
            >(locale, &id),
            Kind::Volume => any_of::<
                data::UnitsNamesVolumeCoreV1,
                data::UnitsNamesVolumeExtendedV1,
                data::UnitsNamesVolumeOutlierV1,
            >(locale, &id),
        };
        names.map(Self::Names).ok_or_else(|| unknown_unit(unit))
    }

    /// The text around a number.
    pub(in super::super) fn template(
        &self,
        number: PluralOperands,
        rules: &PluralRules,
    ) -> Template {
        let pattern = match self {
            Self::Names(names) => names.get().get(number, rules),
            Self::Written(texts) => {
                let form = rules.category_for(number);
                let own = texts.iter().find(|(of, _)| *of == form);
                return own
                    .or(texts.first())
                    .map_or_else(Vec::new, |(_, text)| text.clone());
            }
        };
        let piece = |item: PatternItem<'_, _>| match item {
            PatternItem::Placeholder(_) => Piece::Number,
            PatternItem::Literal(text) => Piece::Text(text.to_owned()),
        };
        pattern.iter().map(piece).collect()
    }
}

/// The error for a unit without texts: one of two known units, or none at all.
fn without_texts(unit: &str) -> Error {
    let is_known = |part: &str| {
        KINDS.iter().any(|(known, _)| *known == part) || written::names().any(|it| it == part)
    };
    let parts = unit.split_once("-per-");
    match parts.is_some_and(|(one, other)| is_known(one) && is_known(other)) {
        true => unsupported(format!(
            "unit `{unit}`: the host has no texts of it; format the number alone and write the \
             unit yourself"
        )),
        false => unknown_unit(unit),
    }
}

/// The names are in one of three sets: those that the region uses, those that other regions use,
/// and the rest. A set that lacks them in the language may have those of the root of all locales,
/// which are taken last.
fn any_of<A, B, C>(
    locale: &Locale,
    id: &str,
) -> Option<DataPayload<ErasedMarker<UnitsDisplayNames<'static>>>>
where
    A: DataMarker<DataStruct = UnitsDisplayNames<'static>>,
    B: DataMarker<DataStruct = UnitsDisplayNames<'static>>,
    C: DataMarker<DataStruct = UnitsDisplayNames<'static>>,
    Baked: DataProvider<A> + DataProvider<B> + DataProvider<C>,
{
    let all = [
        of::<A>(locale, id),
        of::<B>(locale, id),
        of::<C>(locale, id),
    ];
    let mut of_root = None;
    for (is_own, names) in all.into_iter().flatten() {
        match is_own {
            true => return Some(names),
            false => of_root = of_root.or(Some(names)),
        }
    }
    of_root
}

/// The names of one set, and whether they are those of the language.
fn of<M>(
    locale: &Locale,
    id: &str,
) -> Option<(bool, DataPayload<ErasedMarker<UnitsDisplayNames<'static>>>)>
where
    M: DataMarker<DataStruct = UnitsDisplayNames<'static>>,
    Baked: DataProvider<M>,
{
    let locale = M::make_locale(locale.into());
    let response: DataResponse<M> = Baked.load(request(&locale, id)?).ok()?;
    let is_own = response.metadata.locale.is_none_or(|it| !it.is_unknown());
    Some((is_own, response.payload.cast()))
}
