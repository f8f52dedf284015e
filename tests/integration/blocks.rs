//! Each block of code in the README and the book is run by a test, read by what reads such a text,
//! or listed here with the reason why it cannot be run.

mod ci;
mod console;
mod previews;
mod read;
mod shell;
mod ship;
mod table;
mod walks;

use std::collections::BTreeMap;

use crate::structure::{below, read, shown};

use table::{How, rows};

/// A block between two lines of three backticks.
#[derive(Clone, Debug)]
pub struct Block {
    /// The page that it is on, from the root.
    page: String,
    language: String,
    text: String,
}

/// All blocks of the README and the book, in the order of their pages.
fn blocks() -> Vec<Block> {
    let mut found = blocks_of("README.md");
    for page in below("docs", &[".md"]) {
        found.extend(blocks_of(&shown(&page)));
    }
    found
}

fn blocks_of(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for line in read(page).lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block {
                    page: page.to_owned(),
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block without an end");
    found
}

/// The block of a page that begins with this text.
pub fn block(page: &str, begins: &str) -> String {
    let mut all = blocks_of(page).into_iter();
    let found = all.find(|block| block.text.starts_with(begins));
    found
        .unwrap_or_else(|| panic!("{page}: no block begins with {begins:?}"))
        .text
}

/// What is done with a block, if anything is.
fn how(block: &Block) -> Option<&'static How> {
    let in_table = rows().find(|row| row.page == block.page && block.text.starts_with(row.begins));
    in_table.map(|row| &row.how).or_else(|| {
        let reader = table::READ.iter();
        let mut reader = reader.filter(|(language, _)| *language == block.language);
        reader.next().map(|(_, how)| how)
    })
}

#[test]
fn each_block_of_the_documents_is_run_read_or_listed() {
    let blocks = blocks();
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut left = Vec::new();
    for block in &blocks {
        match how(block) {
            Some(how) => {
                if let How::Listed(why) = how {
                    println!("{}: {}: not run: {why}", block.page, block.language);
                }
                *counts.entry(how.word()).or_default() += 1;
            }
            None => left.push(format!(
                "{}: {}\n{}",
                block.page, block.language, block.text
            )),
        }
    }
    println!("{} blocks: {counts:?}", blocks.len());
    assert!(
        left.is_empty(),
        "run these in a test, or say in table.rs why they cannot be run:\n{}",
        left.join("\n")
    );
    assert!(blocks.len() > 60, "only {} blocks were found", blocks.len());
}

#[test]
fn the_table_names_blocks_and_tests_that_exist() {
    let blocks = blocks();
    let sources: Vec<String> = below("", &[".rs", ".ts"]).iter().map(read).collect();
    for row in rows() {
        let fits = |block: &&Block| block.page == row.page && block.text.starts_with(row.begins);
        let count = blocks.iter().filter(fits).count();
        assert_eq!(count, 1, "{}: {:?}", row.page, row.begins);
        match row.how {
            // The test names the block in the same words.
            How::Walk(test) => {
                let walk = sources.iter().find_map(|text| body(text, test));
                let walk = walk.unwrap_or_else(|| panic!("no test {test}"));
                assert!(
                    walk.contains(row.begins),
                    "{test} leaves out {:?}",
                    row.begins
                );
            }
            How::Test(test) => assert!(
                sources.iter().any(|text| body(text, test).is_some()),
                "no test {test}"
            ),
            _ => {}
        }
    }
}

/// The function of this name, to the beginning of the next thing that is documented or tested.
fn body<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("fn {name}("))?;
    Some(rest.split_once("\n}\n").map_or(rest, |(body, _)| body))
}

/// Text without white space: how a block is laid out is up to its page.
fn dense(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_whitespace())
        .collect()
}

#[test]
fn excerpts_are_of_files_that_are_compiled_and_tested() {
    for row in rows() {
        let How::Excerpt(file) = row.how else {
            continue;
        };
        let shown = dense(&block(row.page, row.begins));
        assert!(
            dense(&read(file)).contains(&shown),
            "{}: the block {:?} is not in {file}",
            row.page,
            row.begins
        );
    }
}
