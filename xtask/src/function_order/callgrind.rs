//! Reads what callgrind has recorded.
//!
//! A record is lines of text: the function whose costs follow (`fn=(4) name`, and only `fn=(4)`
//! from the second time on), costs (a line number and a number of instructions), and calls, whose
//! next line has the costs of the called function.

use std::collections::HashMap;

use super::symbol::name;

/// Instructions of each function, by its name.
pub(crate) type Costs = HashMap<String, u64>;

/// Adds the costs of a record.
pub(crate) fn add(costs: &mut Costs, record: &str) {
    let mut symbols = HashMap::new();
    let mut costs_by_id = HashMap::<_, u64>::new();
    let mut function = "";
    let mut is_of_call = false;
    for line in record.lines() {
        if let Some(named) = line.strip_prefix("fn=") {
            function = id(&mut symbols, named);
        } else if let Some(named) = line.strip_prefix("cfn=") {
            id(&mut symbols, named);
        } else if line.starts_with("calls=") {
            is_of_call = true;
        } else if let Some(cost) = cost(line)
            && !std::mem::take(&mut is_of_call)
        {
            *costs_by_id.entry(function).or_default() += cost;
        }
    }
    for (id, symbol) in symbols {
        if let Some(cost) = costs_by_id.get(id) {
            *costs.entry(name(symbol)).or_default() += cost;
        }
    }
}

/// Returns the id of a function, and notes its symbol if it is there.
fn id<'r>(symbols: &mut HashMap<&'r str, &'r str>, named: &'r str) -> &'r str {
    match named.split_once(' ') {
        None => named,
        Some((id, symbol)) => {
            // A recursive call has a number after its symbol.
            let symbol = symbol.split_once('\'').map_or(symbol, |(symbol, _)| symbol);
            symbols.insert(id, symbol);
            id
        }
    }
}

/// Returns the instructions in a line of costs.
fn cost(line: &str) -> Option<u64> {
    let is_position = |byte: u8| byte.is_ascii_digit() || b"+-*".contains(&byte);
    let (position, cost) = line.split_once(' ')?;
    position
        .bytes()
        .all(is_position)
        .then(|| cost.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_of_called_functions_are_left_out() {
        let record = "fl=(1) a.rs\nfn=(1) first\n3 10\n+1 5\ncfn=(2) second\ncalls=2 7\n* 100\n\
                      fn=(2)\n7 100\nfn=(1)\n-2 1\nfn=(3) second'2\n1 50\n\ntotals: 166\n";
        let mut costs = Costs::new();
        add(&mut costs, record);
        let expected = [("first".to_owned(), 16), ("second".to_owned(), 150)];
        assert_eq!(costs, Costs::from(expected));
    }
}
