//! JSON row by row: a list of records, each an object with the same keys. A key becomes a field along the rows.

use std::collections::HashMap;

use crate::diagnostics::{Diagnostic, File};
use crate::source::Span;

use super::codes;
use super::fields::{Elements, Field, Layout, Origin, Values};
use super::json::{Harvest, Next, value};
use super::json_text::{Cursor, Halt};
use super::tally::Tally;
use super::words;

/// The fields that the records have in common, while they are read.
#[derive(Default)]
struct Records {
    columns: Vec<(String, Span, Tally)>,
    by_name: HashMap<String, usize>,
    /// Number of records that have been read.
    count: usize,
    /// For the first record with other keys than the first one: the key and the record's span.
    uneven: Option<(String, usize, Span)>,
    /// A key that a record has twice.
    twice: Option<(String, Span)>,
}

/// Reads a list of records.
pub(super) fn read(cursor: &mut Cursor<'_>, harvest: &mut Harvest) -> Halt<()> {
    let start = cursor.at;
    let mut records = Records::default();
    cursor.enter();
    if cursor.peek() == Some(b']') {
        cursor.leave();
        return Ok(());
    }
    loop {
        records.record(cursor)?;
        if cursor.next_or_leave(b']')? == Next::End {
            break;
        }
    }
    records.finish(Span::new(start, cursor.at), cursor.file, harvest);
    Ok(())
}

impl Records {
    fn record(&mut self, cursor: &mut Cursor<'_>) -> Halt<()> {
        match cursor.peek() {
            Some(b'{') => {}
            None => return Err(cursor.ended()),
            Some(_) => return Err(cursor.not_a_record()),
        }
        let start = cursor.at;
        cursor.enter();
        if cursor.peek() == Some(b'}') {
            cursor.leave();
        } else {
            let mut guess = 0;
            loop {
                let (name, key) = cursor.key()?;
                guess = self.column(name, key, guess);
                value(cursor, &mut self.columns[guess].2)?;
                guess += 1;
                if cursor.next_or_leave(b'}')? == Next::End {
                    break;
                }
            }
        }
        self.count += 1;
        self.check_keys(Span::new(start, cursor.at));
        Ok(())
    }

    /// The column of a key; `guess` is where it is if the keys come in the order of the first record.
    fn column(&mut self, name: String, key: Span, guess: usize) -> usize {
        let at = match self.columns.get(guess) {
            Some((known, ..)) if *known == name => guess,
            _ => match self.by_name.get(&name) {
                Some(&at) => at,
                None => {
                    let mut tally = Tally::new();
                    tally.enter(key.start);
                    self.by_name.insert(name.clone(), self.columns.len());
                    self.columns.push((name.clone(), key, tally));
                    self.columns.len() - 1
                }
            },
        };
        if self.columns[at].2.count() > self.count {
            self.twice.get_or_insert((name, key));
        }
        at
    }

    fn check_keys(&mut self, record: Span) {
        if self.uneven.is_none()
            && let Some((name, ..)) = self.columns.iter().find(|(_, _, tally)| tally.count() != self.count)
        {
            self.uneven = Some((name.clone(), self.count, record));
        }
    }

    fn finish(self, value: Span, file: usize, harvest: &mut Harvest) {
        let place = File::Data(file);
        if let Some((name, span)) = &self.twice {
            let message = format!("a record has `{name}` twice");
            harvest.diagnostics.push(Diagnostic::new(codes::DUPLICATE, message).in_file(
                place,
                *span,
                "again here",
            ));
        } else if let Some((name, number, record)) = &self.uneven {
            let message = format!("not every record has `{name}`: record {number} and the first one differ");
            let diagnostic = Diagnostic::new(codes::RECORDS, message).in_file(place, *record, "this record");
            harvest
                .diagnostics
                .push(diagnostic.help(format!("write `\"{name}\": null` where it is missing")));
        }
        for (name, key, mut tally) in self.columns {
            let whole = tally.count() == self.count;
            tally.leave(value.end);
            if let Some(fault) = &tally.fault {
                harvest.diagnostics.push(words::not_an_array(&name, place, fault));
            }
            let (shape, Elements { mut values, missing, stray }) = tally.finish();
            if !whole {
                values = Values::Broken;
            }
            let origin = Origin { file, key, value, layout: Layout::Records };
            harvest.fields.push(Field { name, shape, values, missing, stray, origin });
        }
    }
}
