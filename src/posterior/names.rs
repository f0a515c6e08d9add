//! Names of scalars: `theta[1]`, `A[1,2]`, `b[Anoka,floor]`.

use crate::data::BoundModel;
use crate::model::SiteId;

/// The names of a site's scalars, row-major in declared order: coordinates or labels between brackets.
pub fn scalar_names(bound: &BoundModel, site: SiteId) -> Vec<String> {
    let declaration = bound.model().site(site);
    let mut places: Vec<Vec<String>> = vec![vec![]];
    for axis in &declaration.axes {
        let size = bound.bindings().sizes[axis.dim.0].unwrap_or(0);
        let coordinates = &bound.bindings().coordinates[axis.dim.0];
        let extended = places.iter().flat_map(|place| {
            (0..size).map(move |position| [place.clone(), vec![coordinates.name(position)]].concat())
        });
        places = extended.collect();
    }
    let name = |place: Vec<String>| match place.is_empty() {
        true => declaration.name.clone(),
        false => format!("{}[{}]", declaration.name, place.join(",")),
    };
    places.into_iter().map(name).collect()
}
