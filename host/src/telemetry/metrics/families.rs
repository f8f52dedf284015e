//! Writes metric families from the owners of their values.

use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;

use super::histogram::Histogram;

/// The text of `/metrics` being written. A family without series is left out.
pub struct Families<'a>(DescriptorEncoder<'a>);

impl<'a> From<DescriptorEncoder<'a>> for Families<'a> {
    fn from(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }
}

impl Families<'_> {
    /// Writes a family of counters: labels and value of each.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = (L, u64)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Counter, series, |mut it, count| {
            it.encode_counter::<NoLabelSet, u64, f64>(&count, None)
        })
    }

    /// Writes a family of gauges: labels and value of each.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn gauges<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = (L, u64)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, series, |mut it, value| {
            it.encode_gauge(&i64::try_from(value).unwrap_or(i64::MAX))
        })
    }

    /// Writes a family of histograms: labels and value of each.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn histograms<'h, L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = (L, &'h Histogram)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Histogram, series, |it, value| {
            value.encode(it)
        })
    }

    fn family<L: EncodeLabelSet, V>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        series: impl Iterator<Item = (L, V)>,
        write: impl Fn(MetricEncoder<'_>, V) -> fmt::Result,
    ) -> fmt::Result {
        let mut series = series.peekable();
        if series.peek().is_none() {
            return Ok(());
        }
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in series {
            write(family.encode_family(&labels)?, value)?;
        }
        Ok(())
    }
}
