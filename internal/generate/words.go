package generate

import "fmt"

// phrase is one fixed sentence in the languages of the catalogue; %s and %d are
// filled in by position.
type phrase struct{ en, pt, es string }

func (p phrase) in(language string, args ...any) string {
	text := p.en
	switch language {
	case "pt":
		text = p.pt
	case "es":
		text = p.es
	}
	return fmt.Sprintf(text, args...)
}

// The sentences a path and its progress are made of.
var (
	askTopic = phrase{
		"\"%s\" may mean several topics. Which one would you like to learn?",
		"\"%s\" pode ser mais de um tema. Qual deles você quer aprender?",
		"\"%s\" puede ser más de un tema. ¿Cuál quieres aprender?",
	}
	topicWord = phrase{"Topic", "Tema", "Tema"}

	sayResolved  = phrase{"Topic understood: %s", "Tema entendido: %s", "Tema entendido: %s"}
	sayChosen    = phrase{"%d steps chosen", "%d etapas escolhidas", "%d pasos elegidos"}
	sayArranged  = phrase{"Steps arranged in %d levels", "Etapas organizadas em %d níveis", "Pasos ordenados en %d niveles"}
	sayTexts     = phrase{"Texts of %s read", "Textos de %s lidos", "Textos de %s leídos"}
	sayResources = phrase{"Links found for %d of %d steps", "Links encontrados para %d de %d etapas", "Enlaces encontrados para %d de %d pasos"}
	sayQuizzes   = phrase{"%d quizzes set", "%d questionários preparados", "%d cuestionarios preparados"}
	sayChecked   = phrase{"Path checked", "Trilha conferida", "Ruta comprobada"}

	pathTitle       = phrase{"Learning path: %s", "Trilha de aprendizagem: %s", "Ruta de aprendizaje: %s"}
	pathDescription = phrase{
		"%d steps to %s, each after what it needs.",
		"%d etapas para aprender %s, cada uma depois do que ela exige.",
		"%d pasos para aprender %s, cada uno después de lo que requiere.",
	}
	overviewTitle = phrase{"Overview: %s", "Visão geral: %s", "Panorama: %s"}
	projectTitle  = phrase{"Project: %s", "Projeto: %s", "Proyecto: %s"}
	projectSteps  = phrase{"Steps", "Etapas", "Pasos"}
	projectDone   = phrase{"Done when", "Está pronto quando", "Está listo cuando"}
	practiceTitle = phrase{"Practice: %s", "Prática: %s", "Práctica: %s"}
	practiceText  = phrase{
		"Go back to %s. Do these exercises, mixed, before you look anything up: what you can no longer do shows what to read again.",
		"Volte a estes conceitos: %s. Faça os exercícios misturados, antes de consultar qualquer coisa: o que você não conseguir mais fazer mostra o que reler.",
		"Vuelve a estos conceptos: %s. Haz los ejercicios mezclados, antes de consultar nada: lo que ya no te salga muestra qué conviene releer.",
	}
	ownOverview = phrase{
		"This path follows an outline of its own for %s: %d steps, each placed after what it requires. Read it through once before you begin, and decide how much time each step deserves.",
		"Esta trilha segue um roteiro próprio para %s: %d etapas, cada uma depois do que exige. Leia tudo uma vez antes de começar e decida quanto tempo cada etapa merece.",
		"Esta ruta sigue un esquema propio para %s: %d pasos, cada uno después de lo que requiere. Léela completa antes de empezar y decide cuánto tiempo merece cada paso.",
	}
	ownStep = phrase{
		"A step of your own outline; the concept graph has no texts or links for it.",
		"Uma etapa do seu próprio roteiro; o grafo de conceitos não tem textos nem links para ela.",
		"Un paso de tu propio esquema; el grafo de conceptos no tiene textos ni enlaces para él.",
	}
	assumedAt = phrase{
		"Learn it first if it is new to you: ask for a path on \"%s\", or begin with the page \"%s\".",
		"Aprenda antes se for novidade: peça uma trilha sobre \"%s\" ou comece pela página \"%s\".",
		"Apréndelo antes si es nuevo para ti: pide una ruta sobre \"%s\" o empieza por la página \"%s\".",
	}
	inLanguage = map[string]phrase{
		"en": {"In English", "Em inglês", "En inglés"},
		"pt": {"In Portuguese", "Em português", "En portugués"},
		"es": {"In Spanish", "Em espanhol", "En español"},
	}
	wikipediaTitle = phrase{"%s (Wikipedia)", "%s (Wikipédia)", "%s (Wikipedia)"}

	whyFewer = phrase{
		"the concept graph has no more concepts that this topic and level need",
		"o grafo de conceitos não tem mais conceitos de que este tema e nível precisem",
		"el grafo de conceptos no tiene más conceptos que este tema y nivel necesiten",
	}
	whyBounded = phrase{
		"no further concept fits with what it requires into the given levels",
		"nenhum outro conceito cabe, com o que exige, nos níveis dados",
		"ningún otro concepto cabe, con lo que requiere, en los niveles dados",
	}
	whyNarrow = phrase{
		"the other concepts all need one of the first steps",
		"os outros conceitos exigem todos uma das primeiras etapas",
		"los demás conceptos requieren todos alguno de los primeros pasos",
	}
	whyFlat = phrase{
		"too few steps to spread over more levels",
		"etapas de menos para ocupar mais níveis",
		"muy pocos pasos para ocupar más niveles",
	}
	whyCrowded = phrase{
		"the other bounds leave no room for it",
		"os outros limites não deixam lugar para isso",
		"los demás límites no dejan lugar para ello",
	}
	whyLinks = phrase{
		"%d steps have links: some are left without, one for each would be the least",
		"%d etapas têm links: algumas ficam sem nenhum; o mínimo seria um para cada",
		"%d pasos tienen enlaces: algunos quedan sin ninguno; lo mínimo sería uno para cada uno",
	}
)
