//! Prometheus' own text format 0.0.4, which every scraper reads, made of OpenMetrics.
//!
//! Both have the same content. In the older one, comments name a counter as its samples do, with
//! `_total`, and there is neither an end mark nor a unit.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

/// The older format of a text as [`super::exposition`] writes it.
pub fn classic(open: &str) -> String {
    let mut text = String::with_capacity(open.len());
    // The help of a family comes before its type, which decides about its name.
    let mut help = None;
    for line in open.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            push(&mut text, &[line]);
            continue;
        };
        let mut words = comment.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("HELP"), Some(_), said) => help = said,
            (Some("TYPE"), Some(name), Some(kind)) => {
                let (suffix, kind) = match kind {
                    "counter" => ("_total", kind),
                    "unknown" => ("", "untyped"),
                    _ => ("", kind),
                };
                if let Some(said) = help.take() {
                    push(&mut text, &["# HELP ", name, suffix, " ", said]);
                }
                push(&mut text, &["# TYPE ", name, suffix, " ", kind]);
            }
            // The end, a unit.
            _ => {}
        }
    }
    text
}

fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_name_a_counter_as_its_samples_do() {
        let open = "# HELP a_seconds Time.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
                    a_seconds_bucket{le=\"1.0\"} 2\n\
                    # HELP b Calls \\\\ more.\n# TYPE b counter\nb_total{x=\"y # z\"} 3\n\
                    # HELP c Now.\n# TYPE c gauge\nc 1\n# TYPE d unknown\nd 1\n# EOF\n";
        let text = "# HELP a_seconds Time.\n# TYPE a_seconds histogram\n\
                    a_seconds_bucket{le=\"1.0\"} 2\n\
                    # HELP b_total Calls \\\\ more.\n# TYPE b_total counter\nb_total{x=\"y # z\"} 3\n\
                    # HELP c Now.\n# TYPE c gauge\nc 1\n# TYPE d untyped\nd 1\n";
        assert_eq!(classic(open), text);
    }
}
