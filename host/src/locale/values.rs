//! What there are values of.

use icu_decimal::provider::{Baked, DecimalSymbolsV1};
use icu_locale::Locale;
use icu_locale::extensions::unicode::key;
use icu_provider::marker::DataMarkerExt;
use icu_provider::{DataIdentifierBorrowed, DataProvider, DataRequest, DataResponse};

use super::contract::ValueKind;
use super::{experimental, tags, zone};

/// The codes of ISO 4217 that CLDR has names of, those of the past too.
const CURRENCIES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN \
    BZD CAD CDF CHF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL \
    GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF \
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR \
    MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG \
    SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD \
    UYU UZS VES VND VUV WST XAF XCD XCG XDR XOF XPF XSU YER ZAR ZMW ZWG ZWL";

/// Digits by their names, those that are ten in a row.
const NUMBERING_SYSTEMS: &str = "\
    adlm ahom arab arabext bali beng bhks brah cakm cham deva diak fullwide gara gong gonm gujr gukh \
    guru hanidec hmng hmnp java kali kawi khmr knda krai lana lanatham laoo latn lepc limb mathbold \
    mathdbl mathmono mathsanb mathsans mlym modi mong mroo mtei mymr mymrepka mymrpao mymrshan \
    mymrtlng nagm newa nkoo olck onao orya osma outlined rohg saur segment shrd sind sinh sora sund \
    sunu takr talu tamldec telu thai tibt tirh tnsa tols vaii wara wcho";

/// All values of a kind, in the order of their letters.
pub fn supported_values(kind: ValueKind) -> Vec<String> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    match kind {
        ValueKind::Currency => words(CURRENCIES),
        ValueKind::NumberingSystem => words(NUMBERING_SYSTEMS),
        ValueKind::TimeZone => zone::names(),
        ValueKind::Unit => experimental::unit_names(),
    }
}

/// Whether there are such digits.
pub(super) fn is_numbering_system(name: &str) -> bool {
    NUMBERING_SYSTEMS
        .split_whitespace()
        .any(|known| known == name)
}

/// The digits that a locale has.
pub(super) fn numbering_system(locale: &Locale) -> String {
    if let Some(digits) = tags::get(locale, key!("nu")) {
        return digits;
    }
    let locale = DecimalSymbolsV1::make_locale(locale.into());
    let request = DataRequest {
        id: DataIdentifierBorrowed::for_locale(&locale),
        ..DataRequest::default()
    };
    let symbols: Result<DataResponse<DecimalSymbolsV1>, _> = Baked.load(request);
    let digits = symbols.map(|symbols| symbols.payload.get().numsys().to_owned());
    digits.unwrap_or_else(|_| "latn".to_owned())
}
