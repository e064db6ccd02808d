//! Lines of output, and their alignment in runs.
//!
//! In: pieces of text, and the cells where a line may be widened. Out: the text. Refuses to know tokens.

/// Where a line may be widened so that it stands below its neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// After the `:` of a field or an option.
    Colon,
    /// Before the `=` of a definition, a field or a binding.
    Equal,
    /// Before the comment at its end.
    Comment,
}

#[derive(Debug, Default)]
struct Line {
    indent: usize,
    text: String,
    /// Kind, byte of `text` and whether the user wrote more than one blank there.
    cells: Vec<(Cell, usize, bool)>,
    /// Whether a string in it goes over several lines.
    tall: bool,
}

/// All lines so far; the last one is being written.
#[derive(Debug, Default)]
pub struct Lines {
    lines: Vec<Line>,
}

impl Lines {
    /// Begins a line.
    pub fn begin(&mut self, indent: usize) {
        self.lines.push(Line {
            indent,
            ..Line::default()
        });
    }

    /// Appends to the last line.
    pub fn push(&mut self, text: &str) {
        if self.lines.is_empty() {
            self.begin(0);
        }
        if let Some(line) = self.lines.last_mut() {
            line.text.push_str(text);
            line.tall |= text.contains('\n');
        }
    }

    /// Marks the end of the last line as a place to widen it.
    pub fn cell(&mut self, cell: Cell, wide: bool) {
        if let Some(line) = self.lines.last_mut().filter(|line| !line.tall)
            && !line.cells.iter().any(|(known, ..)| *known == cell)
        {
            line.cells.push((cell, line.text.len(), wide));
        }
    }

    /// Indent of the last line.
    pub fn indent(&self) -> usize {
        self.lines.last().map_or(0, |line| line.indent)
    }

    /// How many lines there are.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Aligns and joins all lines.
    pub fn finish(mut self) -> String {
        for cell in [Cell::Colon, Cell::Equal, Cell::Comment] {
            self.align(cell);
        }
        let size = self
            .lines
            .iter()
            .map(|line| line.indent + line.text.len() + 1);
        let mut out = String::with_capacity(size.sum());
        for line in &self.lines {
            if !line.text.is_empty() {
                out.extend(std::iter::repeat_n(' ', line.indent));
                out.push_str(&line.text);
            }
            out.push('\n');
        }
        out
    }

    fn align(&mut self, cell: Cell) {
        let mut start = 0;
        while start < self.lines.len() {
            let mut end = start + 1;
            if self.lines[start].at(cell).is_some() {
                while end < self.lines.len() && self.lines[end].goes_on(&self.lines[end - 1], cell)
                {
                    end += 1;
                }
                align_run(&mut self.lines[start..end], cell);
            }
            start = end;
        }
    }
}

fn align_run(run: &mut [Line], cell: Cell) {
    let places = || run.iter().filter_map(|line| line.at(cell));
    if !places().any(|(.., wide)| wide) {
        return;
    }
    let widest = places().map(|(width, ..)| width).max().unwrap_or(0);
    for line in run {
        if let Some((width, at, _)) = line.at(cell) {
            line.widen(at, widest - width);
        }
    }
}

impl Line {
    /// Width before a cell, the byte where it stands, and whether it is wide.
    fn at(&self, cell: Cell) -> Option<(usize, usize, bool)> {
        let (_, at, wide) = self.cells.iter().find(|(known, ..)| *known == cell)?;
        Some((self.text[..*at].chars().count(), *at, *wide))
    }

    /// Whether this line stands in one run with the line before it.
    fn goes_on(&self, before: &Self, cell: Cell) -> bool {
        self.indent == before.indent && !before.tall && self.at(cell).is_some()
    }

    fn widen(&mut self, at: usize, blanks: usize) {
        self.text.insert_str(at, &" ".repeat(blanks));
        for (_, other, _) in &mut self.cells {
            if *other > at {
                *other += blanks;
            }
        }
    }
}
